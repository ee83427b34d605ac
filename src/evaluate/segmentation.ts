import type { ImageDataset } from '../data/index.ts';
import { type EvaluatedNetwork, type EvaluateOptions, visitLogits } from './images.ts';
import { argMax, type ClassScore, ConfusionMatrix, crossEntropyOf, meanIoU } from './scores.ts';

/** Loss, pixel accuracy and intersection over union of a segmentation. */
export interface SegmentationEvaluation {
  /** Mean of the classes' intersection over union, 0 .. 1, over those that occur; pixels of the ignored label count nowhere. */
  readonly meanIoU: number;
  /** Fraction of the pixels whose class is found. */
  readonly pixelAccuracy: number;
  readonly classes: readonly ClassScore[];
  /** Mean cross-entropy of a pixel in nats. */
  readonly loss: number;
  /** Images. */
  readonly count: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** Intersection over union and mean loss over all pixels of a data set, in evaluation mode. */
export async function evaluateSegmentation(
  network: EvaluatedNetwork,
  dataset: ImageDataset,
  options: EvaluateOptions = {},
): Promise<SegmentationEvaluation> {
  const { classes } = network;
  const { count, shape, masks, maskClasses = [], ignoreLabel } = dataset;
  const area = shape[1] * shape[2];
  const confusion = new ConfusionMatrix(classes);
  let [loss, pixels] = [0, 0];
  const seconds = await visitLogits(network, dataset, { batchSize: 16, ...options }, (logits, first, size) => {
    for (let i = 0; i < size; i++) {
      for (let p = 0; p < area; p++) {
        const label = masks![(first + i) * area + p]!;
        if (label === ignoreLabel) continue;
        const offset = i * classes * area + p;
        confusion.add(label, argMax(logits, offset, classes, area));
        loss += crossEntropyOf(logits, offset, classes, label, area);
        pixels++;
      }
    }
  });
  const scores = confusion.scores(maskClasses);
  return {
    meanIoU: meanIoU(scores),
    pixelAccuracy: confusion.accuracy,
    classes: scores,
    loss: loss / pixels,
    count,
    seconds,
    imagesPerSecond: count / seconds,
  };
}
