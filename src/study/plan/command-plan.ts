import { join } from 'node:path';
import { BallastError, InputError, UsageError } from '../../base/errors.ts';
import { jsonCache, makeFolder } from '../../formats/index.ts';
import { type Part, partForms } from '../../schema/index.ts';
import type { MeasurementRow } from '../../store/index.ts';
import { type CommandSpec, probedSteps, runCommand, takesMicroBatch } from '../../trials/index.ts';
import { type Link, largestDivisor, pointOf, type StepTimePoint, stepTimeCurve } from '../cost/index.ts';
import { chosenCommand } from '../layout/chosen-command.ts';
import type { StudyLayout } from '../layout/layout.ts';
import { commandNoise } from './command-noise.ts';
import { criticalBatchOf } from './critical-batch.ts';
import { planFrom } from './plan-from.ts';
import type { BatchPlanResult } from './plan-result.ts';
import { SpentTime } from './spent-time.ts';

/** What a plan of a command is asked for. */
export interface CommandPlanRequest {
  /** Of the study that has the command. */
  readonly layout: StudyLayout;
  /** Name of the workload; may be left out where the study has one command. */
  readonly workload?: string | undefined;
  /** Steps of the short run; a tenth of the training unless told, but at least 200 where it has as many. */
  readonly steps?: number | undefined;
  /** Batch sizes of the table; those of the study unless told. */
  readonly batchSizes?: readonly number[] | undefined;
  /** Trained parameters, for the gradient that several devices sum. */
  readonly parameters?: number | undefined;
  /** Seconds for timed steps. */
  readonly timing: number;
  readonly devices: readonly number[];
  readonly link?: Link | undefined;
  /** Of a device-hour. */
  readonly price?: number | undefined;
  readonly folder: string;
  readonly environment: BatchPlanResult['environment'];
  readonly signal: AbortSignal;
  readonly onStep?: (step: number) => void;
  readonly onPoint?: (point: StepTimePoint) => void;
  readonly onNote?: (note: string) => void;
}

/** What such a request comes to, before anything is started. */
export interface CommandPlanOutline {
  readonly name: string;
  readonly model: string;
  readonly dataset: string;
  /** Of its trial: command, values and content of the declared files. */
  readonly identity: string;
  /** The command as the short run has it, its values with it. */
  readonly spec: CommandSpec;
  /** Of the short run. */
  readonly steps: number;
  /** Growing; those of the table. */
  readonly batchSizes: readonly number[];
  /** Of them, those whose steps are timed. */
  readonly timed: readonly number[];
  readonly reference: { readonly batchSize: number; readonly steps: number; readonly epochs: number };
}

/** Batch sizes at which a command is timed: it has to start for each. */
const mostTimed = 4;

/**
 * Lays the plan of a command out. The short run is its trial at the base batch with the first rate and seed, told to be so many steps long, with the probe in it; where the command takes a micro-batch, a step has
 * four of them, which is what tells noise from signal. Throws InputError and UsageError for what does not go together.
 */
export function outlineCommandPlan(request: CommandPlanRequest): CommandPlanOutline {
  const { layout, devices, link, parameters } = request;
  const { workload, trial } = chosenCommand(layout, request.workload);
  if (devices.some((d) => d > 1) && (!link || parameters === undefined))
    throw new InputError(
      'devices',
      'several devices need the bandwidth and the latency between them, and the number of parameters of a command',
    );
  const { command } = trial.spec;
  const { batch, microBatch } = command.values;
  const steps = request.steps ?? Math.min(trial.budgetSteps, Math.max(200, Math.ceil(trial.budgetSteps / 10)));
  if (steps > trial.budgetSteps)
    throw new InputError('steps', `expected at most the ${trial.budgetSteps} of the training, got ${steps}`);
  const asked = request.batchSizes ?? layout.points.filter((p) => p.workload === workload).map((p) => p.batchSize);
  const batchSizes = [...new Set([...asked, batch])].sort((a, b) => a - b);
  if (batchSizes.length < 2) throw new InputError('batchSizes', 'expected two or more batch sizes');
  const facts = layout.workloads.find((w) => w.name === workload.name)!;
  return {
    name: workload.name,
    model: facts.model,
    dataset: facts.dataset,
    identity: trial.id,
    spec: {
      ...command,
      probe: true,
      env: { BALLAST_PROBE_EVERY: String(Math.max(1, Math.floor(steps / 200))), ...command.env },
      values: {
        ...command.values,
        steps,
        warmup: Math.min(command.values.warmup, steps),
        microBatch: takesMicroBatch(command)
          ? largestDivisor(batch, Math.min(microBatch, Math.max(1, Math.floor(batch / 4))))
          : microBatch,
      },
    },
    steps,
    batchSizes,
    timed: spread(batchSizes, mostTimed),
    reference: { batchSize: batch, steps: trial.budgetSteps, epochs: (trial.budgetSteps * batch) / command.examples },
  };
}

/** So many of them at most, evenly spread, the ends among them. */
function spread(sizes: readonly number[], most: number): number[] {
  if (sizes.length <= most) return [...sizes];
  return Array.from({ length: most }, (_, i) => sizes[Math.round((i * (sizes.length - 1)) / (most - 1))]!);
}

/** What was seen of a run of the command. */
type Observed = Part<'observedRun'>;

/**
 * Plans the batch size of a command's training from a short run of it and from its step times at some batch sizes. Each run that has ended stays in `folder` and is not made again; one that
 * was interrupted begins anew. Undefined when `signal` fired.
 * Throws UsageError where the run says nothing of the gradient's noise, BallastError when it fails or diverges or the gradient's signal is lost in its noise.
 */
export async function planCommand(request: CommandPlanRequest): Promise<BatchPlanResult | undefined> {
  const { folder, link, price, devices, environment, parameters, timing, signal } = request;
  const outline = outlineCommandPlan(request);
  const { spec, timed, batchSizes, reference, steps } = outline;
  await makeFolder(folder);
  const { cpu, node } = environment;
  const { here: _, ...told } = spec;
  const cache = jsonCache<Observed>(
    folder,
    ['plan of a command, 1', outline.identity, told, cpu, node],
    partForms.observedRun,
  );
  const kept = async (key: string, work: () => Promise<Observed>): Promise<Observed> => {
    const known = await cache.read(key);
    if (known) return known;
    const observed = await work();
    await cache.write(key, observed);
    return observed;
  };
  const spent = await SpentTime.open(folder, true);
  try {
    const run = await spent.on('run', () =>
      kept('short-run', () => observe(spec, join(folder, 'run'), { steps, request })),
    );
    if (run.diverged) throw new BallastError('the short run diverged; nothing can be planned at this learning rate');
    const { batch, lr, seed } = spec.values;
    const criticalBatch = criticalBatchOf(commandNoise(run, batch), { seed });
    const points: StepTimePoint[] = [];
    for (const batchSize of timed) {
      const seconds = timing / timed.length;
      const observed = await spent.on('timing', () =>
        kept(`step-time-${batchSize}-${seconds}`, () =>
          observe(timedSpec(spec, { batchSize, steps: reference.steps }), join(folder, 'timed'), {
            steps: reference.steps,
            seconds,
            request,
          }),
        ),
      );
      const point = stepTime(batchSize, observed);
      if (point) {
        points.push(point);
        request.onPoint?.(point);
      } else request.onNote?.(`batch ${batchSize}: too few steps in ${seconds} s to time one`);
    }
    if (points.length < 2)
      throw new UsageError(
        `the command was timed at ${points.length} of ${timed.length} batch sizes, expected two or more; allow more seconds for timing, or let it log its steps more often`,
      );
    return planFrom({
      model: outline.model,
      dataset: outline.dataset,
      unit: 'examples',
      parameters: parameters ?? null,
      reference,
      run: {
        steps,
        batchSize: batch,
        microBatch: run.microBatch,
        optimizer: 'its own optimizer',
        seed,
        learningRate: lr,
        trainLoss: lastLoss(run.rows),
      },
      criticalBatch,
      stepTime: stepTimeCurve(points),
      batchSizes,
      devices,
      link: link ?? null,
      price: price ?? null,
      spent: spent.seconds,
      environment,
    });
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw cause;
  }
}

/** The command at another batch size, at full length: it is ended when it has been timed. */
function timedSpec(
  spec: CommandSpec,
  { batchSize, steps }: { readonly batchSize: number; readonly steps: number },
): CommandSpec {
  const { microBatch } = spec.values;
  const micro = takesMicroBatch(spec) ? largestDivisor(batchSize, Math.min(microBatch, batchSize)) : batchSize;
  // Fewer looks of the probe, which take time themselves.
  const env = { ...spec.env, BALLAST_PROBE_EVERY: '4' };
  return { ...spec, env, values: { ...spec.values, batch: batchSize, microBatch: micro, steps } };
}

/** The training loss of the last step that has one; else the held-out one. */
function lastLoss(rows: readonly MeasurementRow[]): number {
  const row = rows.findLast((r) => r.trainLoss !== null) ?? rows.findLast((r) => r.valLoss !== null);
  if (!row) throw new UsageError('the short run logged no loss; expected trainLoss (or valLoss)');
  return (row.trainLoss ?? row.valLoss)!;
}

/** As the probe has it, else from what the program logged. The first tells of its start. */
function stepTime(batchSize: number, { probed, secondsPerStep, microBatch }: Observed): StepTimePoint | undefined {
  const seen = probed.flatMap((p) => p.secondsPerStep ?? []).slice(1);
  const seconds = seen.length > 0 ? seen : secondsPerStep === undefined ? [] : [secondsPerStep];
  return seconds.length === 0 ? undefined : pointOf({ batchSize, microBatch }, seconds);
}

/** Seconds that a command may take to log its first step when it is timed. */
const mostStart = 120;

/** Runs the command in a fresh folder, to a last step or for so many seconds of steps. Throws BallastError where it fails. */
async function observe(
  spec: CommandSpec,
  folder: string,
  {
    steps,
    seconds = null,
    request: { signal, onStep },
  }: { readonly steps: number; readonly seconds?: number | null; readonly request: CommandPlanRequest },
): Promise<Observed> {
  const rows = new Map<number, MeasurementRow>();
  const enough =
    seconds === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(1000 * (mostStart + seconds)))]);
  const {
    status,
    note,
    microBatch,
    secondsPerStep,
    step,
    seconds: wall,
  } = await runCommand({
    spec,
    folder,
    known: [],
    budgetSteps: steps,
    budgetSeconds: null,
    signal: enough,
    onBegin: () => rows.clear(),
    onRow: (row) => rows.set(row.step, row),
    isOver: (curve) => seconds !== null && curve.at(-1)!.seconds - curve[0]!.seconds >= seconds,
    onLife: (at) => onStep?.(at),
  });
  if (signal.aborted) throw new BallastError('the command was interrupted');
  if (status === 'failed') throw new BallastError(`the command failed: ${note}`);
  const curve = [...rows.values()].sort((a, b) => a.step - b.step);
  return {
    rows: curve,
    probed: await probedSteps(folder),
    microBatch,
    diverged: status === 'infeasible',
    // Of a program too fast to be seen stepping, its whole run by its steps, which is more.
    secondsPerStep: seenSeconds(curve, secondsPerStep) ?? (step > 0 ? wall / step : undefined),
  };
}

/**
 * Seconds of a step. Rows that were found at one look have one time, which is that of the last of them: from there to the end is what the looks tell. Rows with times of their own tell more.
 *
 * @param own As the log's own times have it.
 */
function seenSeconds(curve: readonly MeasurementRow[], own: number | undefined): number | undefined {
  if (new Set(curve.map((r) => r.seconds)).size === curve.length) return own;
  const last = curve.at(-1)!;
  const first = curve.findLast((r) => r.seconds === curve[0]!.seconds)!;
  return last.step > first.step ? (last.seconds - first.seconds) / (last.step - first.step) : undefined;
}
