import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { writeModel } from '../../src/onnx/index.ts';
import { ballastProcess, numbersIn } from '../support/ballast.ts';
import { bothWays, patience, twoNetworks } from '../support/queue/both-ways.ts';
import { started } from '../support/queue/handed-out.ts';
import { hasRedis, startRedis } from '../support/queue/redis.ts';
import { residualNetwork } from '../support/residual-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-pieces-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onnx = twoNetworks(folder);
/** Two units that are matrices, and twenty pictures of 4 x 4 pixels. */
const matrices = join(folder, 'matrices.onnx');
const digits = join(folder, 'digits');
{
  const ramp = (seed: number) => Float32Array.from({ length: 64 }, (_, i) => ((i * seed) % 7) / 14 - 0.2);
  const unit = (seed: number) => ({ w1: ramp(seed), w2: ramp(seed + 2), bias: [1, 1, -1, 1] });
  writeFileSync(matrices, writeModel(residualNetwork(4, 4, [unit(3), unit(5)], 10).graph(1)));
  const header = (kind: number, ...sizes: number[]) =>
    Buffer.from([0, 0, 8, kind, ...sizes.flatMap((n) => [0, 0, 0, n])]);
  const pixels = Buffer.from(Array.from({ length: 20 * 16 }, (_, i) => (37 * i) % 251));
  const labels = Buffer.from(Array.from({ length: 20 }, (_, i) => i % 10));
  mkdirSync(digits);
  writeFileSync(join(digits, 't10k-images-idx3-ubyte'), Buffer.concat([header(3, 20, 4, 4), pixels]));
  writeFileSync(join(digits, 't10k-labels-idx1-ubyte'), Buffer.concat([header(1, 20), labels]));
}

/** A folder of pictures, one in each of ten classes. */
function writePictures(path: string, seed: number): void {
  for (let label = 0; label < 10; label++) {
    mkdirSync(join(path, `class${label}`), { recursive: true });
    const png = new PNG({ width: 32, height: 32 });
    png.data = Buffer.from(png.data.map((_, i) => (i % 4 === 3 ? 255 : (i * (7 + label) + 31 * seed * label) % 256)));
    writeFileSync(join(path, `class${label}`, 'a.png'), PNG.sync.write(png));
  }
}

describe('a measurement in pieces', { timeout: patience }, () => {
  it('has the same digits as here: spectra of units and stages', async () => {
    const args = [
      ...['spectrum', '--model', matrices, '--dataset', 'mnist', '--data', digits, '--images', '0-19'],
      ...['--stages', '--threads', '1'],
    ];
    const { here, there, taken } = await bothWays(folder, 'spectrum', args);
    expect(there).toEqual(here);
    expect(taken).toBeGreaterThan(0);
  });
});

describe.skipIf(!hasRedis())('a measurement in pieces over a real Redis', { timeout: patience }, () => {
  it('needs no folder that workers share: networks come with the pieces, data are found by their content', async () => {
    const server = await startRedis();
    const data = join(folder, 'data');
    mkdirSync(data);
    writePictures(join(data, 'ours'), 1);
    writePictures(join(folder, 'theirs', 'elsewhere'), 1);
    writePictures(join(folder, 'theirs', 'others'), 2);
    const args = [
      ...['compare', '--model', onnx.join(','), '--normalize', 'none', '--threads', '1', '--images', '0-7'],
      ...['--dataset', 'folder', '--data', join(data, 'ours'), '--steps', '2'],
    ];
    const [here, there] = [join(folder, 'redis-here'), join(folder, 'redis-there')];
    const alone = ballastProcess(...args, '--out', here);
    expect([alone.status, alone.lines.join('\n')]).toEqual([0, expect.any(String)]);
    const run = started([...args, '--out', there, '--queue', server.url]);
    const worker = started([
      ...['worker', '--queue', server.url, '--threads', '1', '--scratch', join(folder, 'scratch')],
      ...['--data', join(folder, 'theirs', 'others'), join(folder, 'theirs', 'elsewhere')],
    ]);
    const { code, stderr } = await run.ended;
    worker.child.kill('SIGTERM');
    const said = (await worker.ended).stderr;
    await server.stop();
    expect([code, stderr, said]).toEqual([0, expect.any(String), expect.any(String)]);
    expect(numbersIn(there)).toEqual(numbersIn(here));
    expect(said.match(/: complete/g)?.length).toBe(2);
  });
});
