/** `npm run fuzz -- FORMAT [--inputs N] [--seed S]`: see docs/fuzzing.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Place } from './format.ts';
import { formatNamed, formatNames } from './formats/index.ts';
import { minimized } from './minimize.ts';
import { inputOf, type Outcome, outcomes } from './outcome.ts';
import { type Failure, type FormatFigures, runFuzz } from './run.ts';

const usage = `npm run fuzz -- FORMAT [--inputs N] [--seed S] [--only NUMBER] [--record FILE]

  FORMAT   all, or one or more of: ${formatNames.join(', ')}
  --inputs N      how many, over all formats named (10000)
  --seed S        which (0); the same seed gives the same inputs
  --only NUMBER   one input of one format alone, as a failure says it
  --record FILE   figures as JSON; those of other seeds in it stay
`;

/** Failing inputs are put here. */
const failures = 'out/fuzz';

/** As many inputs of each format as its share says. */
async function share(names: readonly string[], inputs: number): Promise<Map<string, number>> {
  const weights = await Promise.all(names.map(async (name) => 1 / ((await formatNamed(name)).cost ?? 1)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return new Map(names.map((name, i) => [name, Math.max(1, Math.round((inputs * weights[i]!) / sum))]));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '0' },
    only: { type: 'string' },
    record: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const names = positionals.includes('all') ? formatNames : positionals;
const unknown = names.find((name) => !formatNames.includes(name));
if (values.help || names.length === 0 || unknown !== undefined) {
  if (unknown !== undefined) process.stderr.write(`unknown format "${unknown}"\n`);
  process.stderr.write(usage);
  process.exit(2);
}
const seed = Number(values.seed);

/** Puts a failing input aside: as it was, and smaller. Only the first few of each kind are made smaller. */
const kinds = new Map<string, number>();
async function keep(failure: Failure): Promise<void> {
  const { format, n, outcome, what, alone } = failure;
  const kind = `${format} ${outcome} ${what?.replace(/\d+/g, '#')}`;
  const before = kinds.get(kind) ?? 0;
  kinds.set(kind, before + 1);
  if (before >= 3) return;
  const named = await formatNamed(format);
  const files = inputOf(named, await named.whole(), seed, n);
  const folder = join(failures, `${format}-${seed}-${n}`);
  new Place(join(folder, 'input')).put(files);
  process.stdout.write(
    `${format} ${n}: ${outcome}${alone ? '' : ' (not alone)'}: ${what}\n  again: npm run fuzz -- ${format} --seed ${seed} --only ${n}; files in ${folder}\n`,
  );
  if (before > 0 || !alone) return;
  const smaller = await minimized(format, files, failure);
  new Place(join(folder, 'smaller')).put(smaller);
}

interface Record_ {
  readonly seed: number;
  readonly date: string;
  readonly machine: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly formats: readonly FormatFigures[];
}

function total(figures: readonly FormatFigures[]): Record<Outcome, number> {
  return Object.fromEntries(outcomes.map((o) => [o, figures.reduce((sum, f) => sum + f.outcomes[o], 0)])) as Record<
    Outcome,
    number
  >;
}

function record(path: string, figures: readonly FormatFigures[], seconds: number): void {
  let runs: Record_[] = [];
  try {
    runs = (JSON.parse(readFileSync(path, 'utf8')) as { runs: Record_[] }).runs;
  } catch {
    mkdirSync(join(path, '..'), { recursive: true });
  }
  const own: Record_ = {
    seed,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}, Node ${process.version}`,
    inputs: figures.reduce((sum, f) => sum + f.inputs, 0),
    seconds: Math.round(seconds),
    outcomes: total(figures),
    formats: figures,
  };
  writeFileSync(
    path,
    `${JSON.stringify({ what: 'inputs of each format after seeded changes, and what became of them', runs: [...runs.filter((r) => r.seed !== seed), own] }, null, 2)}\n`,
  );
}

const row = (cells: readonly (string | number)[]) =>
  `${String(cells[0]).padEnd(16)}${cells
    .slice(1)
    .map((c) => String(c).padStart(10))
    .join('')}\n`;

if (values.only !== undefined) {
  const { judgeAlone } = await import('./run.ts');
  const verdict = await judgeAlone({ seed, format: names[0]!, n: Number(values.only) });
  process.stdout.write(`${verdict.outcome}${verdict.what ? `: ${verdict.what}` : ''}\n`);
  process.exit(verdict.outcome === 'accepted' || verdict.outcome === 'refused' ? 0 : 1);
}
const began = performance.now();
const counts = await share(names, Number(values.inputs));
const figures = await runFuzz(counts, seed, keep, (done) => process.stderr.write(`${done} inputs\n`));
const seconds = (performance.now() - began) / 1000;
process.stdout.write(row(['format', 'inputs', ...outcomes, 'seconds']));
for (const f of figures)
  process.stdout.write(row([f.format, f.inputs, ...outcomes.map((o) => f.outcomes[o]), f.seconds]));
const sums = total(figures);
process.stdout.write(
  row(['all', figures.reduce((s, f) => s + f.inputs, 0), ...outcomes.map((o) => sums[o]), seconds.toFixed(1)]),
);
if (values.record !== undefined) record(values.record, figures, seconds);
process.exit(sums.raw + sums.abort + sums.hang + sums.memory > 0 ? 1 : 0);
