import { nearest } from '../../base/names.ts';
import { leastOf } from '../../base/statistics.ts';
import { dataNames } from '../../data/index.ts';
import type { TargetSpec } from '../measured/measured.ts';
import type { DataSpec } from '../study-data.ts';
import { type Strategy, strategyOf } from './strategies.ts';
import type { Mistake, ParsedStudy, Path } from './study-file.ts';
import type {
  Budget,
  CommandWorkloadEntry,
  OwnWorkloadEntry,
  Rates,
  Settings,
  StudyFile,
  TargetEntry,
  WorkloadEntry,
} from './study-schema.ts';

/** What a study asks of a workload, whoever trains it. */
interface AskedWorkload {
  readonly name: string;
  readonly settings: Settings;
  /** Without a name where it follows from the rest. */
  readonly targets: readonly (Omit<TargetSpec, 'name'> & { readonly name: string | undefined })[];
  readonly batchSizes: readonly number[];
  readonly baseBatch: number;
  readonly learningRates: Rates | undefined;
  readonly budget: Budget;
  readonly microBatch: number | undefined;
  /** Where the file declares it. */
  readonly at: Path;
}

/** Model x data x fraction x complexity, trained by Ballast itself. */
export interface OwnWorkload extends AskedWorkload {
  readonly kind: 'own';
  readonly model: string;
  readonly data: DataSpec;
  readonly dir: string | undefined;
}

/** A training by any other program. */
export interface CommandWorkload extends AskedWorkload {
  readonly kind: 'command';
  readonly entry: CommandWorkloadEntry;
}

export type Workload = OwnWorkload | CommandWorkload;

/** A place in the grid. */
export interface GridPoint {
  readonly workload: Workload;
  readonly strategy: Strategy;
  readonly batchSize: number;
  readonly baseRate: number;
  readonly seed: number;
  /** It uses up its budget, whatever it reaches. */
  readonly whole: boolean;
}

/** What tells the places of a grid apart. */
export const placeOf = ({ workload, strategy, batchSize, baseRate, seed }: GridPoint): string =>
  [workload.name, strategy.name, batchSize, baseRate, seed].join('\n');

export interface StudyGrid {
  readonly workloads: readonly Workload[];
  readonly strategies: readonly Strategy[];
  /** In the order of work: one seed after another, then as the file lists them. */
  readonly points: readonly GridPoint[];
}

/** Names of unknown things in `wanted`, as mistakes. */
function unknown(what: string, wanted: readonly string[], known: readonly string[], line: number): Mistake[] {
  return wanted
    .filter((name) => !known.includes(name))
    .map((name) => {
      const hint = nearest(name, known);
      return {
        line,
        message: `unknown ${what} "${name}"${hint ? `, did you mean "${hint}"?` : ''}; expected ${known.join(', ')}`,
      };
    });
}

const repeated = (names: readonly string[]) => [...new Set(names.filter((n, i) => names.indexOf(n) !== i))];

const isOwn = (entry: WorkloadEntry): entry is OwnWorkloadEntry => !('command' in entry);

/** What any entry asks for, with what the file says for all. */
function askedOf(entry: WorkloadEntry, file: StudyFile, at: Path): Omit<AskedWorkload, 'name'> {
  return {
    settings: entry.settings ?? {},
    targets: (entry.targets ?? file.targets ?? []).map(targetOf),
    batchSizes: entry.batchSizes ?? file.batchSizes,
    baseBatch: entry.baseBatch ?? file.baseBatch ?? leastOf(entry.batchSizes ?? file.batchSizes),
    learningRates: entry.learningRates ?? file.learningRates,
    budget: entry.budget ?? file.budget,
    microBatch: entry.microBatch ?? file.microBatch,
    at,
  };
}

/** The workloads that an entry stands for: one for each share and each complexity that it lists. */
function workloadsOf(entry: WorkloadEntry, file: StudyFile, at: Path, dir: string | undefined): Workload[] {
  const asked = askedOf(entry, file, at);
  if (!isOwn(entry)) return [{ kind: 'command', name: entry.name, entry, ...asked }];
  const { evaluate = {} } = file;
  const fractions = [entry.fraction ?? 1].flat();
  const complexities: readonly (number | null)[] = [entry.complexity ?? null].flat();
  const { validExamples = 'all' } = evaluate;
  return complexities.flatMap((complexity) =>
    fractions.map((fraction): Workload => {
      const suffix =
        (Array.isArray(entry.complexity) ? `-c${complexity}` : '') +
        (Array.isArray(entry.fraction) ? `-f${fraction}` : '');
      return {
        kind: 'own',
        name: `${entry.name}${suffix}`,
        model: entry.model,
        data: {
          dataset: entry.dataset,
          fraction,
          complexity,
          knobs: Object.fromEntries(
            Object.entries(entry.knobs ?? {}).filter((pair): pair is [string, number] => pair[1] !== undefined),
          ),
          trainCount: entry.trainCount ?? null,
          validCount: entry.validCount ?? null,
          sampleExamples: evaluate.trainExamples ?? 2000,
          validExamples: validExamples === 'all' ? null : validExamples,
        },
        dir: entry.data ?? dir,
        ...asked,
      };
    }),
  );
}

function targetOf({ name, quantity, value, quartile }: TargetEntry): Workload['targets'][number] {
  return {
    name,
    quantity,
    rule: value === undefined ? { kind: 'quartile', q: quartile! } : { kind: 'absolute', value },
  };
}

export const absoluteRates = (rates: Rates): readonly number[] =>
  Array.isArray(rates) ? rates : rates.relative.map((r) => Number((r * rates.of).toPrecision(12)));

/** An extra rate beyond the edge of the grid at one place. */
export interface ExtraRate {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly baseRate: number;
}

/** What can be laid out, and more than anybody computes. */
const [mostWorkloads, mostPoints] = [2000, 200_000];

function tooMany(what: string, found: number, most: number, line: number): ReturnType<typeof gridOf> {
  const message = `the grid has ${found} ${what}; expected at most ${most}`;
  return { grid: { workloads: [], strategies: [], points: [] }, mistakes: [{ line, message }] };
}

/** How many points the blocks of a study come to at most: counted before any is made. */
function sizeOf(file: StudyFile, workloads: readonly Workload[], strategies: readonly Strategy[]): number {
  let size = 0;
  for (const block of file.points ?? [{}]) {
    const seeds = (block.seeds ?? file.seeds ?? [0]).length;
    for (const workload of workloads) {
      for (const strategy of strategies) {
        const rates = strategy.learningRates ?? workload.learningRates;
        const rateCount = block.learningRates?.length ?? (rates ? absoluteRates(rates).length : 0);
        size += (block.batchSizes ?? strategy.batchSizes ?? workload.batchSizes).length * rateCount * seeds;
      }
    }
  }
  return size;
}

/** All places of the grid, with mistakes in the names that the file uses. Pure: what the data allows is for `layOutStudy`. */
export function gridOf(
  { file, lineOf }: ParsedStudy,
  { dir, extra = [] }: { readonly dir?: string | undefined; readonly extra?: readonly ExtraRate[] } = {},
): { readonly grid: StudyGrid; readonly mistakes: readonly Mistake[] } {
  const declared = file.workloads.reduce(
    (n, w) => n + (isOwn(w) ? [w.fraction ?? 1].flat().length * [w.complexity ?? null].flat().length : 1),
    0,
  );
  if (declared > mostWorkloads) return tooMany('workloads', declared, mostWorkloads, lineOf(['workloads']));
  const workloads = file.workloads.flatMap((entry, i) => workloadsOf(entry, file, ['workloads', i], dir));
  const strategies = file.strategies.map(strategyOf);
  const workloadNames = workloads.map((w) => w.name);
  const strategyNames = strategies.map((s) => s.name);
  const mistakes: Mistake[] = [
    ...repeated(workloadNames).map((n) => ({ line: lineOf(['workloads']), message: `two workloads are named "${n}"` })),
    ...repeated(strategyNames).map((n) => ({
      line: lineOf(['strategies']),
      message: `two strategies are named "${n}"`,
    })),
  ];
  file.workloads.forEach((entry, i) => {
    if (!isOwn(entry)) return;
    const { dataset } = entry;
    mistakes.push(...unknown('data set', [dataset], Object.keys(dataNames), lineOf(['workloads', i, 'dataset'])));
  });
  const blocks = file.points ?? [{}];
  const size = sizeOf(file, workloads, strategies);
  if (size > mostPoints) return tooMany('points', size, mostPoints, lineOf(['points']));
  blocks.forEach((block, i) => {
    const line = lineOf(['points', i]);
    const entryNames = [...workloadNames, ...file.workloads.map((w) => w.name)];
    mistakes.push(
      ...unknown('workload', block.workloads ?? [], [...new Set(entryNames)], line),
      ...unknown('strategy', block.strategies ?? [], strategyNames, line),
    );
    const sizes = [...new Set(workloads.flatMap((w) => w.batchSizes))];
    const foreign = (block.batchSizes ?? []).filter((size) => !sizes.includes(size));
    if (foreign.length > 0)
      mistakes.push({
        line,
        message: `points.${i}.batchSizes: ${foreign.join(', ')} not in batchSizes; expected some of ${sizes.join(', ')}`,
      });
  });
  const points = new Map<string, GridPoint>();
  const add = (point: GridPoint) => {
    const place = placeOf(point);
    const whole = point.whole || (points.get(place)?.whole ?? false);
    points.set(place, { ...point, whole });
  };
  for (const block of blocks) {
    for (const workload of workloads) {
      const entry = file.workloads[workload.at[1] as number]!;
      if (block.workloads && !block.workloads.some((n) => n === workload.name || n === entry.name)) continue;
      strategies.forEach((strategy, s) => {
        if (block.strategies && !block.strategies.includes(strategy.name)) return;
        const rates = strategy.learningRates ?? workload.learningRates;
        if (!rates) {
          const line = lineOf(['strategies', s]);
          mistakes.push({
            line,
            message: `strategy "${strategy.name}" has no learningRates, nor has the study; expected a list`,
          });
          return;
        }
        for (const batchSize of workload.batchSizes) {
          if (strategy.batchSizes && !strategy.batchSizes.includes(batchSize)) continue;
          if (block.batchSizes && !block.batchSizes.includes(batchSize)) continue;
          // Where the rule carries a rate from the base batch, it carries an extra one too.
          const more = extra.filter(
            (e) =>
              e.workload === workload.name &&
              e.strategy === strategy.name &&
              (e.batchSize === batchSize || strategy.tune === 'base'),
          );
          const all = [...(block.learningRates ?? absoluteRates(rates)), ...more.map((e) => e.baseRate)];
          for (const baseRate of all)
            for (const seed of block.seeds ?? file.seeds ?? [0])
              add({ workload, strategy, batchSize, baseRate, seed, whole: block.early === false });
        }
      });
    }
  }
  const unique = new Map(mistakes.map((m) => [`${m.line} ${m.message}`, m]));
  const ordered = [...points.values()].sort((a, b) => a.seed - b.seed);
  return { grid: { workloads, strategies, points: ordered }, mistakes: [...unique.values()] };
}
