/** Training steps on a few batches of real data, ours and PyTorch's, from the same weights. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError, UsageError } from '../src/base/errors.ts';
import { loadData } from '../src/data/index.ts';
import { initialize } from '../src/nn/index.ts';
import { defaultThreads, type RuntimeOptions } from '../src/runtime/index.ts';
import { type Batch, optimizerNamed, type PlannedConfig, planTraining, Trainer } from '../src/train/index.ts';
import { oneRate } from '../test/support/one-rate.ts';
import { realData } from '../test/support/real-data.ts';
import { Peer, writeParameters } from './harness.ts';

export interface Workload {
  readonly title: string;
  readonly model: string;
  readonly dataset: 'cifar10' | 'camvid' | 'ptb';
  readonly batchSize: number;
  readonly sequenceLength?: number;
  readonly rule: {
    readonly lr: number;
    readonly momentum: number;
    readonly weightDecay: number;
    readonly clipNorm?: number;
  };
  /** What it is in bench/peers/train.py. */
  readonly peer: { readonly model: string; readonly options?: Readonly<Record<string, number>> };
  readonly formats: readonly string[];
  /** How far its losses may part from PyTorch's over twenty steps, relative to them: 1e-3 unless told. */
  readonly apart?: number;
}

const images = ['nchw', 'channels_last'];
/**
 * Rates low enough that rounding does not grow into other trajectories: of a ResNet-56 that begins at 0.01, PyTorch's own two memory formats
 * differ by 1.3 % in the loss after 20 steps (and we from either by 1.2 %).
 */
const gentle = { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 };

const residual = (depth: number, lr: number): Workload => ({
  title: `ResNet-${depth} on CIFAR-10, batch 128`,
  model: `resnet${depth}`,
  dataset: 'cifar10',
  batchSize: 128,
  rule: { ...gentle, lr },
  peer: { model: 'resnet', options: { depth } },
  formats: images,
});

export const workloads: Readonly<Record<string, Workload>> = {
  resnet20: residual(20, 0.01),
  resnet56: residual(56, 0.001),
  mobilenetv2: {
    title: 'MobileNetV2 on CIFAR-10, batch 64',
    model: 'mobilenetv2',
    dataset: 'cifar10',
    batchSize: 64,
    rule: { ...gentle, lr: 0.0001 },
    peer: { model: 'mobilenetv2' },
    formats: images,
    // PyTorch's own two memory formats differ by 7e-3 here, at ten times the rate as much.
    apart: 1e-2,
  },
  unet: {
    title: 'U-Net on CamVid 128x96, batch 8',
    model: 'unet',
    dataset: 'camvid',
    batchSize: 8,
    rule: gentle,
    peer: { model: 'unet' },
    formats: images,
  },
  lstm: {
    title: '2x200 LSTM on the Penn Treebank, batch 20 x 35 tokens',
    model: 'lstm',
    dataset: 'ptb',
    batchSize: 20,
    sequenceLength: 35,
    rule: { lr: 1, momentum: 0, weightDecay: 0, clipNorm: 5 },
    peer: { model: 'lstm' },
    formats: ['nchw'],
  },
};

/** Batches that are trained on in turn. */
const batchCount = 4;

export interface Training {
  readonly trainer: Trainer;
  /** Examples of a step, or tokens. */
  readonly work: number;
  readonly unit: 'images/s' | 'tokens/s';
  /** Makes the next step and returns its loss. */
  step(): Promise<number>;
  /** The file that says all of it to a peer: see bench/peers/train.py. */
  readonly spec: string;
  /** PyTorch in this memory format on the same task, as a process, on the CPU unless told; undefined where there is no PyTorch. */
  peer(format: string, device?: 'cpu' | 'cuda'): Peer | undefined;
}

/** What a peer answers to `{ repeats }`. */
export interface PeerSteps {
  /** Of a step. */
  readonly seconds: number;
  readonly losses: readonly number[];
  /** Bytes of the process. */
  readonly peak: number;
}

/** Prepares both sides; `folder` takes what the peers read. `batch`: another number of examples than usual; `runtime`: where ours runs. */
export async function prepare(
  name: string,
  folder: string,
  { batch, runtime }: { readonly batch?: number; readonly runtime?: RuntimeOptions } = {},
): Promise<Training> {
  const workload = workloads[name];
  if (!workload) throw new UsageError(`no training of "${name}"; expected ${Object.keys(workloads).join(', ')}`);
  const { model: modelName, dataset, sequenceLength, rule, peer } = workload;
  const batchSize = batch ?? workload.batchSize;
  const dir = realData(dataset);
  if (!dir) throw new BallastError('the train bench needs real data: set BALLAST_DATA');
  const load = (split: 'test' | 'train') => loadData({ name: dataset, dir, split });
  const train = await load(dataset === 'ptb' ? 'train' : 'test');
  const config: PlannedConfig = {
    ...oneRate,
    model: modelName,
    normalize: 'imagenet',
    dataset,
    batchSize,
    ...(sequenceLength === undefined ? {} : { sequenceLength }),
    optimizer: rule.momentum > 0 ? 'momentum' : 'sgd',
    ...rule,
    baseBatch: batchSize,
  };
  const { model, task } = planTraining(config, { train, valid: train });
  const initial = initialize(model.parameters, 0);
  const optimizer = optimizerNamed(config.optimizer, { momentum: rule.momentum, weightDecay: rule.weightDecay });
  const trainer = await Trainer.create({
    objective: (size) => task.objective(size),
    parameters: model.parameters,
    initial,
    rule: optimizer,
    batchSize,
    microBatch: batchSize,
    ...(runtime ? { runtime } : {}),
    ...(rule.clipNorm === undefined ? {} : { clipNorm: rule.clipNorm }),
  });
  const batches = Array.from({ length: batchCount }, (_, k) => task.batch(k * batchSize, batchSize));
  const spec = join(folder, `${name}.json`);
  writeParameters(initial, folder);
  writeInputs(batches, folder);
  writeFileSync(
    spec,
    JSON.stringify({
      folder,
      model: peer.model,
      options: peer.options ?? {},
      task: model.task,
      threads: defaultThreads(),
      batches: batches.length,
      inputs: Object.entries(batches[0]!.inputs).map(([input, { dtype, shape }]) => ({ name: input, dtype, shape })),
      optimizer: { clipNorm: 0, ...rule },
    }),
  );
  let step = 0;
  return {
    trainer,
    work: batchSize * (sequenceLength ?? 1),
    unit: sequenceLength === undefined ? 'images/s' : 'tokens/s',
    spec,
    step: async () => {
      const next = batches[step % batches.length]!;
      const { loss } = await trainer.step({ batch: () => next, scalars: optimizer.scalarsAt(step, rule.lr), step });
      step++;
      return loss;
    },
    peer: (format, device = 'cpu') => Peer.start('train.py', [spec, format, device]) ?? undefined,
  };
}

function writeInputs(batches: readonly Batch[], folder: string): void {
  batches.forEach(({ inputs }, k) => {
    for (const [input, { data }] of Object.entries(inputs))
      writeFileSync(join(folder, `${k}.${input}.bin`), Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  });
}

/** Largest relative difference of two sequences of losses. */
export function deviation(losses: readonly number[], reference: readonly number[]): number {
  return Math.max(...reference.map((expected, i) => Math.abs(losses[i]! - expected) / Math.abs(expected)));
}
