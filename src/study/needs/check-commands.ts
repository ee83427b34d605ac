import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import type { MeasurementRow } from '../../store/index.ts';
import {
  type CommandResult,
  findCheckpoints,
  hasUsedUp,
  placeholdersIn,
  runCommand,
  takesMicroBatch,
} from '../../trials/index.ts';
import type { CommandWorkload } from '../declare/grid.ts';
import type { LaidOutTrial, StudyLayout } from '../layout/layout.ts';
import type { CommandTrialSpec } from '../layout/trial-spec.ts';

/** A quantity, and what of the log it is taken from. */
export interface CheckedQuantity {
  readonly quantity: string;
  readonly from: string;
  readonly first: number | null;
  readonly last: number | null;
}

/** What a workload's command turned out to do when it ran for a while. */
export interface CheckedCommand {
  readonly workload: string;
  /** The first trial that was tried. */
  readonly batchSize: number;
  readonly source: string | undefined;
  readonly files: CommandResult['files'];
  readonly quantities: readonly CheckedQuantity[];
  /** Names that were logged and are no quantity. */
  readonly unused: readonly string[];
  readonly rows: number;
  /** Of the last row. */
  readonly step: number;
  readonly examples: number | null;
  readonly secondsPerStep: readonly { readonly batchSize: number; readonly seconds: number }[];
  readonly checkpoint: string | undefined;
  readonly resume: 'works' | 'began anew' | 'ran' | 'failed' | 'not tried';
  /** What to write into the study file, or what else stands against a study; a sentence each. */
  readonly problems: readonly string[];
  readonly hints: readonly string[];
  readonly trials: number;
  /** Of all its trials one after another, each to the end of its budget; undefined where the time of a step was not found. */
  readonly seconds: number | undefined;
}

export interface CheckOptions {
  /** Seconds that a run may take. */
  readonly seconds: number;
  /** Rows of the curve after which a run has shown enough. */
  readonly rows: number;
  readonly gpus?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (workload: string, doing: string) => void;
}

type CommandTrial = LaidOutTrial & { readonly spec: CommandTrialSpec };
const isCommand = (trial: LaidOutTrial): trial is CommandTrial => trial.spec.kind === 'command';

/** Runs the command of each workload of a study for a while, in temporary folders, and says what was recognized. Nothing is stored. */
export async function checkCommands(layout: StudyLayout, options: CheckOptions): Promise<CheckedCommand[]> {
  const checked: CheckedCommand[] = [];
  for (const workload of layout.grid.workloads) {
    if (workload.kind !== 'command') continue;
    const trials = layout.trials.filter(isCommand).filter((t) => t.points[0]!.workload.name === workload.name);
    if (trials.length === 0) continue;
    options.signal.throwIfAborted();
    checked.push(await checkOne(workload, trials, options));
  }
  return checked;
}

const batchOf = (trial: CommandTrial) => trial.spec.command.values.batch;

async function checkOne(
  workload: CommandWorkload,
  trials: readonly CommandTrial[],
  options: CheckOptions,
): Promise<CheckedCommand> {
  const bySize = [...trials].sort((a, b) => batchOf(a) - batchOf(b));
  const [small, large] = [bySize[0]!, bySize.at(-1)!];
  const folder = await mkdtemp(join(tmpdir(), 'ballast-check-'));
  const problems: string[] = [];
  try {
    options.onProgress?.(workload.name, `batch ${batchOf(small)}`);
    const first = await tried(small, join(folder, 'small'), [], options);
    if (first.problem !== undefined) problems.push(first.problem);
    let resume: CheckedCommand['resume'] = 'not tried';
    const { spec } = small;
    if (spec.command.resume !== null && first.rows.length > 0) {
      if (first.result?.checkpoint === undefined)
        problems.push(
          'no checkpoint was found in ${dir} to go on from; let the command save there (or say checkpoints: PATTERN), or leave "resume" out: then a killed trial begins anew',
        );
      else {
        options.onProgress?.(workload.name, 'going on from a checkpoint');
        resume = await resumed(small, join(folder, 'small'), first, options, problems);
      }
    }
    const secondsPerStep = [{ batchSize: batchOf(small), seconds: stepSeconds(first) }];
    if (batchOf(large) !== batchOf(small) && first.problem === undefined) {
      options.onProgress?.(workload.name, `batch ${batchOf(large)}`);
      const last = await tried(large, join(folder, 'large'), [], { ...options, rows: 2 });
      if (last.problem !== undefined) problems.push(`at batch ${batchOf(large)}: ${last.problem}`);
      secondsPerStep.push({ batchSize: batchOf(large), seconds: stepSeconds(last) });
    }
    const timed = secondsPerStep.filter((t): t is { batchSize: number; seconds: number } => t.seconds !== undefined);
    const last = first.rows.at(-1);
    const { quantities, unused } = quantitiesOf(first);
    return {
      workload: workload.name,
      batchSize: batchOf(small),
      source: first.result?.source,
      files: (first.result?.files ?? []).map((f) => ({ ...f, path: shortened(f.path, join(folder, 'small')) })),
      quantities,
      unused,
      rows: first.rows.length,
      step: last?.step ?? 0,
      examples: last?.examples ?? null,
      secondsPerStep: timed,
      checkpoint:
        first.result?.checkpoint === undefined ? undefined : shortened(first.result.checkpoint, join(folder, 'small')),
      resume,
      problems,
      hints: hintsFor(workload, first, trials),
      trials: trials.length,
      seconds: secondsOf(trials, timed),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seconds of a step; of a program too fast to see it step, those of its whole run by its steps, which is more. */
const stepSeconds = ({ result, rows }: Tried): number | undefined =>
  result?.secondsPerStep ?? (result && rows.length > 0 && result.step > 0 ? result.seconds / result.step : undefined);

/** Seconds between the first row and the last that tell the time of a step: rows are seen some times a second. */
const timedSpan = 2;

/** A path in the trial's folder, as the study file would write it. */
const shortened = (path: string, folder: string) =>
  path.startsWith(join(folder, 'run'))
    ? `\${dir}${path.slice(join(folder, 'run').length)}`
    : path.slice(folder.length + 1);

interface Tried {
  readonly result: CommandResult | undefined;
  readonly rows: readonly MeasurementRow[];
  readonly problem: string | undefined;
}

/** Runs a trial until it has shown enough: rows, and a checkpoint where it is to go on from one; or for the time that it may take. */
async function tried(
  { spec, budgetSteps }: CommandTrial,
  folder: string,
  known: readonly MeasurementRow[],
  { seconds, rows: enough, gpus, signal }: CheckOptions,
): Promise<Tried> {
  const rows = new Map<number, MeasurementRow>();
  const over = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(1000 * seconds))]);
  let hasCheckpoint = spec.command.resume === null || known.length > 0;
  let lookedAt = 0;
  let looking: Promise<void> | undefined;
  try {
    const result = await runCommand({
      spec: spec.command,
      folder,
      known,
      budgetSteps,
      budgetSeconds: null,
      signal: over,
      gpus: gpus?.slice(0, spec.command.resources.gpus ?? 1),
      onBegin: () => {},
      onRow: (row) => rows.set(row.step, row),
      isOver: (curve) =>
        rows.size >= enough &&
        hasCheckpoint &&
        curve.at(-1)!.seconds - curve[0]!.seconds >= (known.length > 0 ? 0 : timedSpan),
      onLife: () => {
        const now = performance.now();
        if (hasCheckpoint || looking || now - lookedAt < 500) return;
        lookedAt = now;
        looking = findCheckpoints(join(folder, 'run'), spec.command.checkpoints).then((found) => {
          hasCheckpoint = found.length > 0;
          looking = undefined;
        });
      },
    });
    await looking;
    signal.throwIfAborted();
    const sorted = [...rows.values()].sort((a, b) => a.step - b.step);
    return { result, rows: sorted, problem: problemOf(result, sorted, seconds) };
  } catch (cause) {
    if (!(cause instanceof BallastError)) throw cause;
    return { result: undefined, rows: [...rows.values()], problem: cause.message };
  }
}

function problemOf(result: CommandResult, rows: readonly MeasurementRow[], seconds: number): string | undefined {
  if (result.status === 'failed') return result.note;
  if (result.status === 'infeasible')
    return `diverged at once (${result.note ?? 'its loss is not finite'}); try smaller rates`;
  if (rows.length > 0) return undefined;
  const names = result.names.length === 0 ? 'nothing that could be read' : result.names.slice(0, 20).join(', ');
  return `logged no step with a loss within ${seconds} s; it logged ${names}; let it log to \${dir} or print "step: 1 loss: 2.3", say map: { trainLoss: NAME }, or allow more seconds`;
}

/** Goes on from the checkpoint of a run that was ended. */
async function resumed(
  trial: CommandTrial,
  folder: string,
  { rows, result }: Tried,
  options: CheckOptions,
  problems: string[],
): Promise<CheckedCommand['resume']> {
  // Nothing of them is known but their steps, so that a row that comes again is seen.
  const known = rows.map((row) => ({
    ...row,
    trainLoss: null,
    valLoss: null,
    valMetric: null,
    noiseScale: null,
    gradNorm: null,
  }));
  const again = await tried(trial, folder, known, { ...options, rows: 1 });
  // The first run came to its end, so nothing was left to log.
  if (again.result?.status === 'complete' && again.rows.length === 0 && hasUsedUp(rows, trial.budgetSteps))
    return 'ran';
  if (again.problem !== undefined) {
    problems.push(`going on from a checkpoint: ${again.problem}`);
    return 'failed';
  }
  if (again.result?.note?.includes('did not go on from')) {
    problems.push(`"resume": ${again.result.note}`);
    return 'failed';
  }
  // A history that is written whole each time does not tell where it went on.
  if (result?.source === 'trainer-state') return 'ran';
  if (again.rows[0]!.step > rows[0]!.step) return 'works';
  problems.push(
    `"resume" began anew at step ${again.rows[0]!.step} instead of behind the checkpoint; expected the command to load ${'${checkpoint}'} and to count its steps on`,
  );
  return 'began anew';
}

function quantitiesOf({ result, rows }: Tried): { quantities: CheckedQuantity[]; unused: string[] } {
  const used = new Set<string>();
  const recognition = result?.recognized?.recognition ?? new Map<never, never>();
  const quantities = [...recognition].map(([quantity, mapped]): CheckedQuantity => {
    for (const name of mapped.names) used.add(name);
    const of = (row: MeasurementRow | undefined) => row?.[quantity] ?? null;
    const has = rows.filter((row) => row[quantity] !== null);
    return { quantity, from: mapped.text, first: of(has[0]), last: of(has.at(-1)) };
  });
  return { quantities, unused: (result?.names ?? []).filter((name) => !used.has(name)) };
}

/** What of the study file could be better. */
function hintsFor({ entry }: CommandWorkload, { result }: Tried, trials: readonly CommandTrial[]): string[] {
  const { command, args = {}, env = {} } = entry;
  const taken = new Set(
    [...command, ...Object.values(args).map(String), ...Object.values(env).map(String)].flatMap(placeholdersIn),
  );
  // The batch may come as its parts.
  const takesBoth = taken.has('microBatch') && taken.has('accumulate');
  const several = (key: 'batch' | 'lr' | 'seed') => new Set(trials.map((t) => t.spec.command.values[key])).size > 1;
  const words = { batch: 'batch size', lr: 'rate', seed: 'seed' } as const;
  const hints = (['batch', 'lr', 'seed'] as const)
    .filter((key) => several(key) && !taken.has(key) && !(key === 'batch' && takesBoth))
    .map(
      (key) =>
        `nothing in the command takes the ${words[key]}: put \${${key}} into it, unless it reads BALLAST_${key.toUpperCase()} from its environment`,
    );
  if (entry.resume === undefined && result?.checkpoint !== undefined)
    hints.push(
      'it saves checkpoints: with resume: [--resume, "${checkpoint}"], or what it calls that, a killed trial goes on',
    );
  if (entry.inputs === undefined)
    hints.push('inputs: [train.py, ...] makes a changed script another trial; without it, results of the old one stay');
  if (!takesMicroBatch(trials[0]!.spec.command))
    hints.push('a command that takes ${microBatch} and ${accumulate} is tried with less memory where that is short');
  if (
    result?.recognized?.recognition.has('valMetric') &&
    entry.metric === undefined &&
    entry.map?.valMetric === undefined
  )
    hints.push('metric: { name: accuracy, direction: max } says what valMetric is; targets of it need that');
  return hints;
}

/** Of all trials: seconds of a step between the measured batch sizes in a straight line. */
function secondsOf(
  trials: readonly CommandTrial[],
  timed: readonly { readonly batchSize: number; readonly seconds: number }[],
): number | undefined {
  const [low, high] = [timed[0], timed.at(-1)];
  if (!low || !high) return undefined;
  const slope = high === low ? 0 : (high.seconds - low.seconds) / (high.batchSize - low.batchSize);
  return trials.reduce(
    (sum, t) => sum + t.budgetSteps * Math.max(0, low.seconds + slope * (batchOf(t) - low.batchSize)),
    0,
  );
}
