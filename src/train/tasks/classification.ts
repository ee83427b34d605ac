import { augmentInto, type ImageDataset, toFloat } from '../../data/index.ts';
import { type Model, withValues } from '../../models/index.ts';
import type { Params } from '../../nn/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { evaluate, requireFit } from '../evaluation/index.ts';
import { crossEntropy } from '../losses.ts';
import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';
import { ImageOrder } from './image-order.ts';
import type { TrainingTask } from './task.ts';

export interface ImageTaskOptions {
  readonly model: Model;
  readonly train: ImageDataset;
  /** Held-out images. */
  readonly valid: ImageDataset;
  readonly seed: number;
  /** Random crops of the padded image, and mirroring; see `augmentInto`. */
  readonly augment: boolean;
  /** Label smoothing. */
  readonly smoothing?: number;
  readonly runtime?: RuntimeOptions;
}

/** Mean cross-entropy of a classifier on a batch of this size; its labels are the input `label` [batch]. */
export function classificationObjective(model: Model, batch: number, smoothing = 0): Objective {
  return {
    graph: model.trace(batch),
    loss: (b, outputs) => crossEntropy(b, outputs.get('logits')!, b.input('label', 'int64', [batch]), { smoothing }),
  };
}

/** Image classification: cross-entropy and accuracy. */
export class ClassificationTask implements TrainingTask {
  readonly metric = 'accuracy';
  readonly examples: number;
  readonly #options: ImageTaskOptions;
  readonly #order: ImageOrder;

  constructor(options: ImageTaskOptions) {
    requireFit(options.model, options.train);
    requireFit(options.model, options.valid);
    this.#options = options;
    this.examples = options.train.count;
    this.#order = new ImageOrder(options.train.count, options.seed);
  }

  objective(batch: number): Objective {
    return classificationObjective(this.#options.model, batch, this.#options.smoothing);
  }

  batch(position: number, size: number): Batch {
    const { train, augment, seed } = this.#options;
    const pixels = train.shape[0] * train.shape[1] * train.shape[2];
    const image = new Float32Array(size * pixels);
    const label = new BigInt64Array(size);
    for (const { epoch, indices, at } of this.#order.pieces(position, size)) {
      const into = image.subarray(at * pixels, (at + indices.length) * pixels);
      if (augment) augmentInto(train, indices, { seed, epoch }, into);
      else toFloat(train, indices, into);
      indices.forEach((index, i) => {
        label[at + i] = BigInt(train.labels[index]!);
      });
    }
    const inputs = {
      image: tensor('float32', [size, ...train.shape], image),
      label: tensor('int64', [size], label),
    };
    return { inputs, targets: size };
  }

  async evaluate(params: Params): Promise<{ loss: number; metric: number }> {
    const { model, valid, runtime } = this.#options;
    const { loss, accuracy } = await evaluate(withValues(model, params), valid, runtime);
    return { loss, metric: accuracy };
  }
}
