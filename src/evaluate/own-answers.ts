import type { ImageDataset } from '../data/index.ts';
import type { Network } from '../models/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { visitLogits } from './images.ts';
import { argMax, requireFiniteLogits } from './scores.ts';

/** Whether each image has a label that is a class of this network. */
export function hasLabelsFor({ classes }: Pick<Network, 'classes'>, dataset: ImageDataset): boolean {
  return dataset.labels.length === dataset.count && dataset.classes.length === classes;
}

/**
 * Images as a measurement takes them that compares with a label but does not need the truth: where they have no labels of this network's
 * classes, the network's own answers stand for them. `name` and `notes` of what is returned say so. Segmentation is left as it is.
 */
export async function withOwnAnswers(
  network: Network,
  dataset: ImageDataset,
  runtime: RuntimeOptions = {},
): Promise<ImageDataset> {
  const { task, classes, classNames } = network;
  if (task !== 'classification' || hasLabelsFor(network, dataset)) return dataset;
  const labels = new Int32Array(dataset.count);
  const own = classNames ?? Array.from({ length: classes }, (_, c) => `class ${c}`);
  const unlabelled = { ...dataset, labels, classes: own };
  await visitLogits(network, unlabelled, { ...runtime, batchSize: 32 }, (logits, first, size) => {
    requireFiniteLogits(network.name, logits);
    for (let i = 0; i < size; i++) labels[first + i] = argMax(logits, i * classes, classes);
  });
  const why =
    dataset.labels.length === 0
      ? 'the images have no labels'
      : `the network has ${classes} classes and the images have ${dataset.classes.length}`;
  return {
    ...unlabelled,
    name: `${dataset.name}, labelled by the network itself`,
    notes: [...(dataset.notes ?? []), `${why}: the network’s own answers are taken for labels`],
  };
}
