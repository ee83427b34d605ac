import { join, relative } from 'node:path';
import { breathe } from '../../base/breathe.ts';
import { FileError, InputError, UsageError } from '../../base/errors.ts';
import { dataIdentity, type ImageDataset, isText, subset } from '../../data/index.ts';
import { ModelEvaluator } from '../../evaluate/index.ts';
import { initialize } from '../../nn/index.ts';
import { type TensorData, tensor } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  type BegunRun,
  type Checkpoint,
  CheckpointFolder,
  checkpointName,
  definingSettings,
  keptStates,
  planTraining,
  type RunConfig,
  rateOf,
  readBegunRun,
  readMetrics,
  Trainer,
  type TrainingData,
  type TrainingPlan,
} from '../../train/index.ts';
import type { BranchSource } from './branch-source.ts';
import { type BranchMoment, type BranchTrainer, trainLossDecay } from './branch-trainer.ts';

/** What branches do with the state of the optimizer: `keep` it, or `reset` it and let the rate grow again over the first tenth of the branch. */
export type OptimizerState = 'keep' | 'reset';

export interface OwnBranchSettings {
  readonly optimizerState: OptimizerState;
  /** The rate falls to zero over the branch. */
  readonly anneal: boolean;
}

/** A training of ours in its folder, with the whole states that it has kept. */
export interface OwnRun {
  readonly folder: string;
  readonly config: RunConfig;
  readonly plan: TrainingPlan;
  readonly train: ImageDataset;
  readonly valid: ImageDataset;
  /** Steps that can be branched at, growing. */
  readonly steps: readonly number[];
}

/** What is written of the run in a folder. Throws FileError for one without. */
export async function requireRun(folder: string): Promise<BegunRun> {
  const run = await readBegunRun(folder);
  if (!run)
    throw new FileError(folder, 'holds no run of ours (config.json); expected one, or a study file with a command');
  return run;
}

/** Opens a run for branches. Throws UsageError for a run that reads text: its order is that of the text, and branches need several. */
export async function openOwnRun(folder: string, config: RunConfig, { train, valid }: TrainingData): Promise<OwnRun> {
  if (isText(train) || isText(valid))
    throw new UsageError(
      `${folder}: a text is read in its own order, and branches need several; branch a command instead`,
    );
  const plan = planTraining(config, { train, valid });
  const kept = (await keptStates(folder).steps()).filter((s) => s > 0);
  // Those of a run that was told to keep none are its last ones.
  const steps = (kept.length > 0 ? kept : await newest(folder).steps()).sort((a, b) => a - b);
  if (steps.length === 0)
    throw new FileError(folder, 'has no checkpoint to branch at; let the training keep some (keepCheckpoints)');
  // The share of the data is that of the run, whatever the order.
  const { fraction = 1 } = config;
  return { folder, config, plan, train: fraction < 1 ? subset(train, fraction, config.seed) : train, valid, steps };
}

const newest = (folder: string) => new CheckpointFolder(join(folder, 'checkpoint'));

async function stateAt(folder: string, step: number): Promise<Checkpoint> {
  const kept = keptStates(folder);
  return (await kept.steps()).includes(step) ? kept.at(step) : newest(folder).at(step);
}

/** Of a run's folder the files, by their paths below it, that branches at these steps need. */
export async function filesOfRun(folder: string, steps: readonly number[]): Promise<string[]> {
  const kept = await keptStates(folder).steps();
  const states = steps.map((step) => {
    const { path } = kept.includes(step) ? keptStates(folder) : newest(folder);
    return relative(folder, join(path, checkpointName(step)));
  });
  return ['config.json', 'metrics.jsonl', ...states];
}

/** The steps at which a run is branched: those that are asked for, each by the nearest checkpoint not behind it; all of them unless told. Throws InputError for one without. */
export function momentsOf(
  { steps, plan }: Pick<OwnRun, 'steps' | 'plan'>,
  at: readonly string[] | undefined,
): number[] {
  if (at === undefined) return [...steps];
  const found = at.map((text) => {
    const wanted = plan.batches.steps(text, 'at');
    if (steps.includes(wanted)) return wanted;
    throw new InputError(
      'at',
      `there is no checkpoint at ${text} (step ${wanted}); expected some of the steps ${steps.join(', ')}`,
    );
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

/**
 * Trains branches of a run with its own model, data, optimizer and micro-batch. An order of the data is a seed of its own; the examples of an order, and their augmentation, are the same at every batch size. One program serves all batch
 * sizes, because a batch is accumulated from micro-batches. Close it by the source's `dispose`.
 */
export class OwnBranches {
  readonly #run: OwnRun;
  readonly #settings: OwnBranchSettings;
  readonly #trainer: Trainer;
  readonly #evaluator: ModelEvaluator;

  private constructor(run: OwnRun, settings: OwnBranchSettings, trainer: Trainer, evaluator: ModelEvaluator) {
    this.#run = run;
    this.#settings = settings;
    this.#trainer = trainer;
    this.#evaluator = evaluator;
  }

  static async open(run: OwnRun, settings: OwnBranchSettings, runtime: RuntimeOptions = {}): Promise<OwnBranches> {
    const { config, plan } = run;
    const { microBatch, clipNorm, seed } = config;
    const trainer = await Trainer.create({
      objective: (batch) => plan.task.objective(batch),
      parameters: plan.model.parameters,
      initial: initialize(plan.model.parameters, seed),
      rule: plan.optimizer,
      batchSize: microBatch,
      microBatch,
      growing: true,
      ...(clipNorm === undefined ? {} : { clipNorm }),
      seed,
      runtime,
    });
    return new OwnBranches(run, settings, trainer, new ModelEvaluator(plan.model, runtime));
  }

  /** The run as what is branched at these steps. */
  source(steps: readonly number[]): BranchSource {
    const { config, plan, train, valid } = this.#run;
    const { batches } = plan;
    return {
      name: plan.model.name,
      dataset: config.dataset,
      optimizer: config.optimizer,
      identity: [definingSettings(config), this.#settings, dataIdentity(train), dataIdentity(valid)],
      moments: steps.map((step) => ({ step, batchSize: batches.batchSizeAt(Math.max(0, step - 1)) })),
      unit: config.microBatch,
      heldOut: valid.count,
      totalExamples: batches.examplesBefore(plan.steps),
      at: (step) => this.#at(step),
      dispose: async () => {
        await this.#trainer.dispose();
        await this.#evaluator.dispose();
      },
    };
  }

  /** What trains the branches of one moment. */
  async #at(step: number): Promise<BranchTrainer> {
    const { folder, config, plan } = this.#run;
    const { tensors } = await stateAt(folder, step);
    const records = await readMetrics(join(folder, 'metrics.jsonl'));
    const moment: BranchMoment = {
      step,
      examples: plan.batches.examplesBefore(step),
      batchSize: plan.batches.batchSizeAt(Math.max(0, step - 1)),
      // The rate that it had last: a step schedule may be about to change it.
      learningRate: rateOf(config, plan)(Math.max(0, step - 1)),
      noiseScale: records.findLast((r) => r.step <= step && r.noiseScale !== undefined)?.noiseScale ?? null,
    };
    return {
      moment,
      unit: config.microBatch,
      train: (branch, signal) => this.#train(moment, tensors, branch, signal),
    };
  }

  async #train(
    moment: BranchMoment,
    tensors: ReadonlyMap<string, TensorData>,
    { batchSize, learningRate, steps, order }: Parameters<BranchTrainer['train']>[0],
    signal: AbortSignal | undefined,
  ) {
    const { optimizerState, anneal } = this.#settings;
    const { train, valid, plan, config } = this.#run;
    const { fraction: _, ...whole } = config;
    // An order is a seed, away from those that people choose.
    const { task } = planTraining({ ...whole, seed: orderSeed(config.seed, order) }, { train, valid });
    const fresh = optimizerState === 'reset';
    this.#trainer.restore(fresh ? withoutSlots(tensors, plan.optimizer.slots) : tensors);
    const micro = config.microBatch;
    const warm = fresh ? Math.max(1, Math.round(steps / 10)) : 0;
    const began = performance.now();
    let mean: number | null = null;
    for (let i = 0; i < steps; i++) {
      signal?.throwIfAborted();
      const lr = learningRate * (i < warm ? (i + 1) / warm : 1) * (anneal ? 1 - i / steps : 1);
      const position = i * batchSize;
      const result = await this.#trainer.step({
        batch: (m) => task.batch(position + m * micro, micro),
        scalars: plan.optimizer.scalarsAt(fresh ? i : moment.step + i, lr),
        step: moment.step + i,
        microBatches: batchSize / micro,
      });
      if (!(Math.abs(result.loss) <= config.lossBound) || !Number.isFinite(result.gradSquare))
        return { loss: null, trainLoss: null, seconds: (performance.now() - began) / 1000 };
      mean = mean === null ? result.loss : trainLossDecay * mean + (1 - trainLossDecay) * result.loss;
      await breathe();
    }
    const seconds = (performance.now() - began) / 1000;
    const { loss } = await this.#evaluator.evaluate(this.#trainer.parameters(), valid);
    return { loss: Number.isFinite(loss) ? loss : null, trainLoss: mean, seconds };
  }
}

const orderSeed = (seed: number, order: number) => 1_000_000 + 1000 * (seed % 1000) + order;

/** The same state with an optimizer that has seen nothing. */
function withoutSlots(tensors: ReadonlyMap<string, TensorData>, slots: readonly string[]) {
  return new Map(
    [...tensors].map(([name, t]) =>
      slots.some((slot) => name.startsWith(`${slot}/`))
        ? [name, tensor('float32', t.shape, new Float32Array(t.data.length))]
        : [name, t],
    ),
  );
}
