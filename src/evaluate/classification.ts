import type { ImageDataset } from '../data/index.ts';
import { type EvaluatedNetwork, type EvaluateOptions, visitLogits } from './images.ts';
import { argMax, crossEntropyOf } from './scores.ts';

/** Loss and accuracy of a classifier. */
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

/** Accuracy and mean loss of a classifier over a whole data set, in evaluation mode. */
export async function evaluate(
  network: EvaluatedNetwork,
  dataset: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { classes } = network;
  let [correct, loss] = [0, 0];
  const seconds = await visitLogits(network, dataset, options, (logits, first, size) => {
    for (let i = 0; i < size; i++) {
      const label = dataset.labels[first + i]!;
      if (argMax(logits, i * classes, classes) === label) correct++;
      loss += crossEntropyOf(logits, i * classes, classes, label);
    }
  });
  const { count } = dataset;
  return { accuracy: correct / count, loss: loss / count, count, seconds, imagesPerSecond: count / seconds };
}
