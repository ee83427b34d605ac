import { augmentInto, augmentMasksInto, toFloat } from '../../data/index.ts';
import { crossEntropy } from '../../evaluate/index.ts';
import type { Model } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';
import { ImageTask } from './image-task.ts';

/**
 * Mean cross-entropy of the pixels that have a class, on a batch of this size; the masks are the input `label` [batch, H, W], whose values
 * outside the classes do not count.
 */
export function segmentationObjective(model: Model, batch: number, smoothing = 0): Objective {
  const [, height, width] = model.inputShape as readonly [number, number, number];
  return {
    graph: model.trace(batch),
    loss: (b, outputs) =>
      crossEntropy(b, outputs.get('logits')!, b.input('label', 'int64', [batch, height, width]), {
        smoothing,
        partial: true,
      }),
  };
}

/** Semantic segmentation: cross-entropy of the pixels and mean intersection over union. */
export class SegmentationTask extends ImageTask {
  readonly metric = 'meanIoU';

  objective(batch: number): Objective {
    return segmentationObjective(this.options.model, batch, this.options.smoothing);
  }

  batch(position: number, size: number): Batch {
    const { train, augment, seed } = this.options;
    const [channels, height, width] = train.shape;
    const area = height * width;
    const image = new Float32Array(size * channels * area);
    const mask = new Int32Array(size * area);
    for (const { epoch, indices, at } of this.order.pieces(position, size)) {
      const end = at + indices.length;
      const draw = augment ? { ...augment, seed, epoch } : { seed, epoch, padding: 0, flip: false };
      const into = image.subarray(at * channels * area, end * channels * area);
      if (augment) augmentInto(train, indices, draw, into);
      else toFloat(train, indices, into);
      augmentMasksInto(train, indices, draw, mask.subarray(at * area, end * area));
    }
    const { ignoreLabel = -1, maskClasses } = train;
    // The background of data without ignored pixels is a class like the others.
    const counts = (value: number) => value !== ignoreLabel && value < maskClasses!.length;
    const label = new BigInt64Array(mask.length);
    let targets = 0;
    mask.forEach((value, i) => {
      if (counts(value)) targets++;
      label[i] = counts(value) ? BigInt(value) : -1n;
    });
    const inputs = {
      image: tensor('float32', [size, ...train.shape], image),
      label: tensor('int64', [size, height, width], label),
    };
    return { inputs, targets };
  }
}
