import { cp, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError, InputError, UsageError } from '../../base/errors.ts';
import { makeFolder } from '../../formats/index.ts';
import type { MeasurementRow } from '../../store/index.ts';
import { parseDuration } from '../../train/index.ts';
import { type CommandSpec, endNoted, placeholdersIn, runCommand } from '../../trials/index.ts';
import { chosenCommand } from '../layout/chosen-command.ts';
import type { StudyLayout } from '../layout/layout.ts';
import type { BranchSource } from './branch-source.ts';
import { type BranchMoment, type BranchOrder, type TrainedBranch, trainLossDecay } from './branch-trainer.ts';

export interface CommandBranchOptions {
  /** Of the study; may be left out where it has one command. */
  readonly workload?: string | undefined;
  /** Durations; thirds of the budget unless told. */
  readonly at?: readonly string[] | undefined;
  /** Where the training and its branches run; a temporary folder, which is removed, unless told. */
  readonly folder?: string | undefined;
  /** Folder that holds what the training has left at a moment (`momentFolder` elsewhere): it need not be trained. */
  readonly reached?: { readonly step: number; readonly folder: string } | undefined;
  /** Whether to see that the command takes the rate it is told, with the first branch at its own batch size; unless told it is. */
  readonly checkRate?: boolean | undefined;
  readonly gpus?: readonly string[] | undefined;
}

/** A branch is judged by its last held-out loss, which may be so large a share of its steps before its end. */
const tolerated = 0.05;

const nothing = { trainLoss: null, valLoss: null, valMetric: null, noiseScale: null, gradNorm: null };

/**
 * A command of a study as what is branched: its trial at the base batch with the first rate and seed. It is trained from moment to moment, each time told to end there, and what it leaves
 * is copied for every branch, which is told another batch, rate, seed (the order of the data) and last step. Throws UsageError for a study without such a command, or one that cannot be branched.
 */
export async function commandBranches(layout: StudyLayout, options: CommandBranchOptions): Promise<BranchSource> {
  const { workload, trial } = chosenCommand(layout, options.workload);
  const spec = trial.spec.command;
  requireBranching(workload.name, spec);
  const own = options.folder === undefined ? await mkdtemp(join(tmpdir(), 'ballast-branch-')) : undefined;
  const folder = options.folder ?? own!;
  const { batch } = spec.values;
  const steps = momentSteps(options.at, { spec, budget: trial.budgetSteps });
  const run = new CommandTraining(spec, folder, options);
  return {
    name: workload.name,
    dataset: layout.workloads.find((w) => w.name === workload.name)?.dataset ?? 'its own data',
    optimizer: '',
    identity: [trial.id, steps],
    moments: steps.map((step) => ({ step, batchSize: batch })),
    unit: 1,
    heldOut: null,
    totalExamples: trial.budgetSteps * batch,
    momentFolder: (step) => run.momentFolder(step),
    async at(step, signal) {
      await run.trainTo(steps.slice(0, steps.indexOf(step) + 1), signal);
      const moment: BranchMoment = {
        step,
        examples: step * batch,
        batchSize: batch,
        learningRate: spec.values.lr,
        noiseScale: null,
      };
      return { moment, unit: 1, train: (branch, stop) => run.branch(moment, branch, stop) };
    },
    async dispose() {
      if (own !== undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

function requireBranching(name: string, spec: CommandSpec): void {
  if (spec.resume === null)
    throw new UsageError(
      `${name}: branches go on from checkpoints, and the command says nothing of how; expected resume: [--resume, "\${checkpoint}"]`,
    );
  const told = [...spec.command, ...Object.values(spec.args).map(String), ...Object.values(spec.env)].flatMap(
    placeholdersIn,
  );
  const missing = (['batch', 'lr', 'seed', 'steps'] as const).filter(
    (key) => !told.includes(key) && !(key === 'batch' && told.includes('microBatch') && told.includes('accumulate')),
  );
  if (missing.length > 0)
    throw new UsageError(
      `${name}: a branch has another batch size, rate, order of the data and last step; put ${missing.map((m) => `\${${m}}`).join(', ')} into the command`,
    );
}

function momentSteps(
  at: readonly string[] | undefined,
  { spec, budget }: { readonly spec: CommandSpec; readonly budget: number },
): number[] {
  const thirds = [1, 2, 3].map((i) => Math.max(1, Math.floor((i * budget) / 3)));
  const steps = at?.map((text) => {
    const { amount, unit } = parseDuration(text, 'at');
    if (unit === 'tok') throw new InputError('at', `expected steps, epochs or examples, got ${text}`);
    const count = unit === 'st' ? amount : (amount * (unit === 'ep' ? spec.examples : 1)) / spec.values.batch;
    return Math.max(1, Math.ceil(Number(count.toPrecision(12))));
  });
  return [...new Set(steps ?? thirds)].sort((a, b) => a - b);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A command that is trained from moment to moment, and branched there. */
class CommandTraining {
  readonly #spec: CommandSpec;
  readonly #folder: string;
  readonly #options: CommandBranchOptions;
  #rateTold: boolean;

  constructor(spec: CommandSpec, folder: string, options: CommandBranchOptions) {
    this.#spec = spec;
    this.#folder = folder;
    this.#options = options;
    this.#rateTold = options.checkRate === false;
  }

  momentFolder(step: number): string {
    const { reached } = this.#options;
    return reached?.step === step ? reached.folder : join(this.#folder, `moment-${step}`);
  }

  /** Trains to the last of these steps, with a stop at each. What was reached before stays. */
  async trainTo(steps: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    if (this.#options.reached?.step === steps.at(-1)) return;
    for (const [i, step] of steps.entries()) {
      const done = this.momentFolder(step);
      if (await exists(done)) continue;
      const before = steps[i - 1];
      const folder = join(this.#folder, 'underway');
      const rows = await this.#run(folder, { values: { ...this.#spec.values, steps: step }, from: before, signal });
      if (rows === null)
        throw new BallastError(`the command diverged before step ${step}; nothing can be branched there`);
      await rename(folder, done);
    }
  }

  async branch(moment: BranchMoment, order: BranchOrder, signal: AbortSignal | undefined): Promise<TrainedBranch> {
    const ended = await this.#branch(moment, order, signal);
    if (!this.#rateTold && order.batchSize === moment.batchSize && ended.loss !== null) {
      const other = await this.#branch(moment, { ...order, learningRate: 2 * order.learningRate }, signal);
      if (other.loss === ended.loss && other.trainLoss === ended.trainLoss)
        throw new UsageError(
          'twice the rate changes nothing when the command goes on from a checkpoint; expected it to set the rate after it has loaded its optimizer, whose state brings the old one',
        );
      this.#rateTold = true;
    }
    return ended;
  }

  async #branch(
    { step }: BranchMoment,
    { batchSize, learningRate, steps, order }: BranchOrder,
    signal: AbortSignal | undefined,
  ): Promise<TrainedBranch> {
    const began = performance.now();
    const { values } = this.#spec;
    const last = step + steps;
    const micro = Math.min(values.microBatch, batchSize);
    const rows = await this.#run(join(this.#folder, 'branch'), {
      values: {
        ...values,
        batch: batchSize,
        microBatch: batchSize % micro === 0 ? micro : batchSize,
        lr: learningRate,
        seed: values.seed + 1 + order,
        steps: last,
      },
      from: step,
      signal,
    });
    const seconds = (performance.now() - began) / 1000;
    await rm(join(this.#folder, 'branch'), { recursive: true, force: true });
    if (rows === null) return { loss: null, trainLoss: null, seconds };
    const held = rows.findLast((r) => r.valLoss !== null);
    if (!held)
      throw new UsageError(`a branch logged no held-out loss behind step ${step}; expected one at its end (valLoss)`);
    if (last - held.step > Math.max(1, tolerated * steps))
      throw new UsageError(
        `the last held-out loss of a branch is of step ${held.step}, its last step is ${last}; expected the command to evaluate at its end`,
      );
    const losses = rows.flatMap((r) => (r.trainLoss === null ? [] : [r.trainLoss]));
    const trainLoss = losses.reduce<number | null>(
      (mean, loss) => (mean === null ? loss : trainLossDecay * mean + (1 - trainLossDecay) * loss),
      null,
    );
    return { loss: held.valLoss, trainLoss, seconds };
  }

  /** Runs the command in a fresh folder, from the moment at `from` where there is one. Its rows behind that, or null where it diverged. */
  async #run(
    folder: string,
    {
      values,
      from,
      signal,
    }: {
      readonly values: CommandSpec['values'];
      readonly from: number | undefined;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<MeasurementRow[] | null> {
    // What a killed Ballast has left running would go on writing there.
    await endNoted(folder, this.#spec.timeouts.grace);
    await rm(folder, { recursive: true, force: true });
    await makeFolder(folder);
    if (from !== undefined) await cp(this.momentFolder(from), folder, { recursive: true, preserveTimestamps: true });
    const rows = new Map<number, MeasurementRow>();
    const { gpus: wanted } = this.#spec.resources;
    const stop = signal ?? new AbortController().signal;
    const known = from === undefined ? [] : [{ step: from, epoch: 0, examples: 0, seconds: 0, ...nothing }];
    let anew = false;
    const { status, note, checkpoint } = await runCommand({
      spec: { ...this.#spec, values },
      folder,
      known,
      budgetSteps: values.steps,
      budgetSeconds: null,
      signal: stop,
      gpus: this.#options.gpus?.slice(0, wanted ?? 1),
      onBegin: (step) => {
        if (from !== undefined && step < from - 1) anew = true;
      },
      onRow: (row) => rows.set(row.step, row),
      isOver: () => false,
    });
    if (stop.aborted) throw stop.reason;
    if (anew)
      throw new UsageError(
        `the command did not go on from its checkpoint at step ${from}${note === undefined ? '' : ` (${note})`}; expected it to load \${checkpoint} and to count its steps on`,
      );
    switch (status) {
      case 'infeasible':
        return null;
      case 'failed':
        throw new BallastError(`the command failed: ${note}`);
      case 'interrupted':
        throw new BallastError('the command was interrupted');
      default:
        break;
    }
    if (from === undefined && checkpoint === undefined)
      throw new UsageError(
        'the command left no checkpoint in ${dir} to branch from; let it save there at its end (or say checkpoints: PATTERN)',
      );
    return [...rows.values()].filter((r) => r.step > (from ?? 0)).sort((a, b) => a.step - b.step);
  }
}
