/**
 * `npm run bench -- store [TRIALS] [MEASUREMENTS]`: a study of 1,000 trials with 10,000 measurements each, unless told. Peers keep the
 * same in files: a line of JSON a measurement, a file a trial. To be met: the list of trials below 50 ms, one curve below 20 ms.
 */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filled, id } from './filled-store.ts';
import { alternate, type BenchResult, timed } from './harness.ts';

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const [trials = 1000, measurements = 10_000] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  try {
    const store = await filled(join(folder, 'store'), trials, measurements);
    const files = mkdtempSync(join(folder, 'files-'));
    const lines = (i: number) =>
      `${store
        .curve(id(i))
        .map((m) => JSON.stringify(m))
        .join('\n')}\n`;
    // A peer's time for one curve does not depend on the other files; for the list only the last line counts.
    for (let i = 0; i < trials; i++) writeFileSync(join(files, id(i)), i < 10 ? lines(i) : lines(i % 10).slice(-400));
    let turn = 0;
    const next = () => turn++ % Math.min(10, trials);
    const row = store.curve(id(0)).at(-1)!;
    const claim = store.claims.claim()!;
    const cases = [
      await alternate(
        {
          name: `list of ${trials} trials with their step`,
          unit: 'lists/s',
          work: 1,
          rounds: 15,
          peers: ['JSON lines'],
        },
        [
          { name: 'ballast', run: () => timed(async () => store.trials()) },
          {
            name: 'JSON lines',
            run: () =>
              timed(async () =>
                readdirSync(files).map((file) =>
                  JSON.parse(readFileSync(join(files, file), 'utf8').trim().split('\n').at(-1)!),
                ),
              ),
          },
        ],
      ),
      await alternate(
        { name: `curve of ${measurements} measurements`, unit: 'curves/s', work: 1, rounds: 25, peers: ['JSON lines'] },
        [
          { name: 'ballast', run: () => timed(async () => store.curve(id(next()))) },
          {
            name: 'JSON lines',
            run: () =>
              timed(async () =>
                readFileSync(join(files, id(next())), 'utf8')
                  .trim()
                  .split('\n')
                  .map((line) => JSON.parse(line) as unknown),
              ),
          },
        ],
      ),
      await alternate(
        { name: 'one more measurement', unit: 'measurements/s', work: 1, rounds: 50, peers: ['JSON lines'] },
        [
          {
            name: 'ballast',
            run: () => timed(async () => store.claims.measure(claim, { ...row, step: measurements + turn })),
          },
          {
            name: 'JSON lines',
            run: () => timed(async () => appendFileSync(join(files, id(next())), `${JSON.stringify(row)}\n`)),
          },
        ],
      ),
    ];
    store.close();
    return { what: `a study of ${trials} trials x ${measurements} measurements`, cases };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
