import { UsageError } from '../../base/errors.ts';
import type { AugmentOptions, ImageDataset } from '../../data/index.ts';
import { requireFit } from '../../evaluate/index.ts';
import type { Model } from '../../models/index.ts';
import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';
import { ImageOrder } from './image-order.ts';
import type { Metric, TrainingTask } from './task.ts';

/** How the images of a training are augmented, beside random crops and mirroring. */
export type Augmentation = Pick<AugmentOptions, 'zoom' | 'jitter'>;

export interface ImageTaskOptions {
  readonly model: Model;
  readonly train: ImageDataset;
  /** Held-out images. */
  readonly valid: ImageDataset;
  readonly seed: number;
  /** Random crops of the padded image, and mirroring, unless undefined, and what else is told; see `augmentInto`. */
  readonly augment: Augmentation | undefined;
  /** Label smoothing. */
  readonly smoothing?: number;
}

/** A label means the same in both splits. */
function requireSameClasses(train: ImageDataset, valid: ImageDataset): void {
  const at = train.classes.findIndex((name, label) => name !== valid.classes[label]);
  if (at < 0 && train.classes.length === valid.classes.length) return;
  const label = at < 0 ? train.classes.length : at;
  const nameIn = ({ classes }: ImageDataset) => JSON.stringify(classes[label] ?? 'no class');
  throw new UsageError(
    `${train.name}: label ${label} is ${nameIn(train)} in training and ${nameIn(valid)} in what it is judged on; expected the same classes`,
  );
}

/** What tasks on images have in common: a fresh random order in each epoch. Throws UsageError for data that the model is not for. */
export abstract class ImageTask implements TrainingTask {
  abstract readonly metric: Metric;
  readonly examples: number;
  protected readonly options: ImageTaskOptions;
  protected readonly order: ImageOrder;

  constructor(options: ImageTaskOptions) {
    requireFit(options.model, options.train);
    requireFit(options.model, options.valid);
    requireSameClasses(options.train, options.valid);
    this.options = options;
    this.examples = options.train.count;
    this.order = new ImageOrder(options.train.count, options.seed);
  }

  abstract objective(batch: number): Objective;
  abstract batch(position: number, size: number): Batch;
}
