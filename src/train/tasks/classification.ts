import { augmentInto, toFloat } from '../../data/index.ts';
import { crossEntropy } from '../../evaluate/index.ts';
import type { Model } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';
import { ImageTask } from './image-task.ts';

/** Mean cross-entropy of a classifier on a batch of this size; its labels are the input `label` [batch]. */
export function classificationObjective(model: Model, batch: number, smoothing = 0): Objective {
  return {
    graph: model.trace(batch),
    loss: (b, outputs) => crossEntropy(b, outputs.get('logits')!, b.input('label', 'int64', [batch]), { smoothing }),
  };
}

/** Image classification: cross-entropy and accuracy. */
export class ClassificationTask extends ImageTask {
  readonly metric = 'accuracy';

  objective(batch: number): Objective {
    return classificationObjective(this.options.model, batch, this.options.smoothing);
  }

  batch(position: number, size: number): Batch {
    const { train, augment, seed } = this.options;
    const pixels = train.shape[0] * train.shape[1] * train.shape[2];
    const image = new Float32Array(size * pixels);
    const label = new BigInt64Array(size);
    for (const { epoch, indices, at } of this.order.pieces(position, size)) {
      const into = image.subarray(at * pixels, (at + indices.length) * pixels);
      if (augment) augmentInto(train, indices, { ...augment, seed, epoch }, into);
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
}
