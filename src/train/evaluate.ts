import { type ImageDataset, toFloat } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import type { Network } from '../models/index.ts';
import { tensor } from '../onnx/index.ts';
import { compile, type Program, type RuntimeOptions } from '../runtime/index.ts';

export interface Evaluation {
  /** Fraction of images whose largest logit is the label's, 0 .. 1. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly count: number;
  /** Time in the network alone, data preparation included, compilation not. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export interface EvaluateOptions extends RuntimeOptions {
  /** Images a call; 256 unless told. */
  readonly batchSize?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** -log softmax(logits)[label], computed without overflow. */
export function crossEntropy(logits: ArrayLike<number>, offset: number, classes: number, label: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) max = Math.max(max, logits[offset + c]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[offset + c]! - max);
  return Math.log(sum) + max - logits[offset + label]!;
}

/** Index of the largest of `count` values from `offset` (the first one of several). */
export function argMax(values: ArrayLike<number>, offset: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[offset + c]! > values[offset + best]!) best = c;
  return best;
}

/** What is evaluated: a network, or a model with the weights that it has now. */
export type Classifier = Pick<Network, 'name' | 'inputShape' | 'classes' | 'graph'>;

/** Checks that images of this data set can go into this network. */
export function requireFit(network: Classifier, dataset: ImageDataset): void {
  if (dataset.labels.length !== dataset.count) {
    throw new UsageError(`${dataset.name} has no label for each image; expected data for classification`);
  }
  if (network.inputShape.join() !== dataset.shape.join()) {
    throw new UsageError(
      `${network.name} takes images [${network.inputShape}], ${dataset.name} has [${dataset.shape}]`,
    );
  }
  if (dataset.classes.length > network.classes) {
    throw new UsageError(
      `${network.name} knows ${network.classes} classes, ${dataset.name} has ${dataset.classes.length}`,
    );
  }
}

/** Accuracy and mean loss of a classifier over a whole data set, in evaluation mode. */
export async function evaluate(
  network: Classifier,
  dataset: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  requireFit(network, dataset);
  const batchSize = Math.min(options.batchSize ?? 256, dataset.count);
  const programs = new Map<number, Program>();
  const programFor = async (size: number): Promise<Program> => {
    const known = programs.get(size);
    if (known) return known;
    const made = await compile(network.graph(size), { spinning: true, ...options });
    programs.set(size, made);
    return made;
  };
  let [correct, loss, seconds] = [0, 0, 0];
  try {
    for (let start = 0; start < dataset.count; start += batchSize) {
      const size = Math.min(batchSize, dataset.count - start);
      const program = await programFor(size);
      const began = performance.now();
      const indices = Array.from({ length: size }, (_, i) => start + i);
      const image = tensor('float32', [size, ...dataset.shape], toFloat(dataset, indices));
      const logits = (await program.run({ image })).logits!.data as Float32Array;
      for (let i = 0; i < size; i++) {
        const label = dataset.labels[start + i]!;
        if (argMax(logits, i * network.classes, network.classes) === label) correct++;
        loss += crossEntropy(logits, i * network.classes, network.classes, label);
      }
      seconds += (performance.now() - began) / 1000;
      options.onProgress?.(start + size, dataset.count);
    }
  } finally {
    for (const program of programs.values()) await program.dispose();
  }
  const count = dataset.count;
  return { accuracy: correct / count, loss: loss / count, count, seconds, imagesPerSecond: count / seconds };
}
