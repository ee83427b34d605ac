import { breathe } from '../base/breathe.ts';
import { UsageError } from '../base/errors.ts';
import { type ImageDataset, toFloat } from '../data/index.ts';
import type { Network } from '../models/index.ts';
import { tensor } from '../onnx/index.ts';
import type { RuntimeOptions, Tensors } from '../runtime/index.ts';
import { ProgramsBySize } from './programs.ts';

/** How an evaluation runs: how many examples at a time, on what, and who is told. */
export interface EvaluateOptions extends RuntimeOptions {
  /** Examples a call: 256 images, 16 with masks, 20 streams of text unless told. */
  readonly batchSize?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** When it fires, the evaluation ends with its reason before the next batch. */
  readonly signal?: AbortSignal | undefined;
}

/** What is evaluated: a network, or a model with the weights that it has now. */
export interface EvaluatedNetwork extends Omit<Network, 'weights' | 'normalization' | 'classNames'> {
  /** Its graph, compiled by whoever disposes of it, and what that takes beside the data; compiled for each evaluation unless told. */
  readonly compiled?: { readonly programs: ProgramsBySize; readonly feeds: Tensors };
}

/** Checks that images of this data set can go into this network and have what it is to be judged by. */
export function requireFit(network: Omit<EvaluatedNetwork, 'graph'>, dataset: ImageDataset): void {
  const { name, task, inputShape, classes } = network;
  if (task === 'language') throw new UsageError(`${name} is a language model; expected a network for images`);
  if (task === 'classification' && dataset.labels.length !== dataset.count) {
    throw new UsageError(
      `${dataset.name} has no label for each image; expected data for classification, in one folder a class`,
    );
  }
  if (task === 'segmentation' && !dataset.masks) {
    throw new UsageError(`${dataset.name} has no masks; expected data for segmentation`);
  }
  if (inputShape.join() !== dataset.shape.join()) {
    throw new UsageError(`${name} takes images [${inputShape}], ${dataset.name} has [${dataset.shape}]`);
  }
  const own = (task === 'segmentation' ? dataset.maskClasses : dataset.classes)!;
  // Labels are places among the classes: of fewer classes one cannot tell which of the network's they are.
  if (task === 'segmentation' ? own.length > classes : own.length !== classes) {
    const some = own.length < 8 ? ` (${own.join(', ')})` : '';
    const advice =
      own.length < classes ? '; give the names of the network’s classes in their order to match them by name' : '';
    throw new UsageError(`${name} knows ${classes} classes, ${dataset.name} has ${own.length}${some}${advice}`);
  }
}

export const imagePrograms = (network: EvaluatedNetwork, runtime: RuntimeOptions): ProgramsBySize =>
  new ProgramsBySize((size) => network.graph(size), runtime);

/**
 * Runs a network over all images in order and hands each batch's logits to `visit`. Returns the seconds that this took, data preparation
 * included and compilation not.
 */
export async function visitLogits(
  network: EvaluatedNetwork,
  dataset: ImageDataset,
  { batchSize: wanted = 256, onProgress, signal, ...runtime }: EvaluateOptions,
  visit: (logits: Float32Array, first: number, size: number) => void,
): Promise<number> {
  requireFit(network, dataset);
  const batchSize = Math.min(wanted, network.largestBatch ?? wanted);
  const { compiled } = network;
  const { programs, feeds } = compiled ?? { programs: imagePrograms(network, runtime), feeds: {} };
  const pixels = dataset.shape.reduce((a, b) => a * b);
  const buffer = new Float32Array(Math.min(batchSize, dataset.count) * pixels);
  let seconds = 0;
  try {
    for (let first = 0; first < dataset.count; first += batchSize) {
      const size = Math.min(batchSize, dataset.count - first);
      const program = await programs.of(size);
      const began = performance.now();
      const indices = Array.from({ length: size }, (_, i) => first + i);
      const floats = toFloat(dataset, indices, buffer.subarray(0, size * pixels));
      const image = tensor('float32', [size, ...dataset.shape], floats);
      visit((await program.run({ ...feeds, image })).logits!.data as Float32Array, first, size);
      seconds += (performance.now() - began) / 1000;
      onProgress?.(first + size, dataset.count);
      await breathe(signal);
    }
  } finally {
    if (!compiled) await programs.dispose();
  }
  return seconds;
}
