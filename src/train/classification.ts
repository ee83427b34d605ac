import { augmentInto, epochOrder, type ImageDataset, toFloat } from '../data/index.ts';
import type { Model } from '../models/index.ts';
import type { Params } from '../nn/index.ts';
import { type GraphBuilder, tensor, type Value } from '../onnx/index.ts';
import type { RuntimeOptions, Tensors } from '../runtime/index.ts';
import { evaluate } from './evaluate.ts';
import { crossEntropy } from './losses.ts';
import type { TrainingTask } from './run.ts';
import type { Objective } from './step.ts';

export interface ClassificationOptions {
  readonly model: Model;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
  readonly seed: number;
  /** Random crops of the padded image, and mirroring; see `augmentInto`. */
  readonly augment: boolean;
  readonly runtime?: RuntimeOptions;
}

/** Mean cross-entropy of a classifier on a batch of this size; its labels are the input `label` [batch]. */
export function classificationObjective(model: Model, batch: number, smoothing = 0): Objective {
  return {
    graph: model.trace(batch),
    loss: (b: GraphBuilder, outputs: ReadonlyMap<string, Value>) =>
      crossEntropy(b, outputs.get('logits')!, b.input('label', 'int64', [batch]), { smoothing }),
  };
}

/** Image classification: a random order in each epoch, epochs one after another without a gap. */
export class ClassificationTask implements TrainingTask {
  readonly examples: number;
  readonly #options: ClassificationOptions;
  #order: { epoch: number; indices: Int32Array } | undefined;

  constructor(options: ClassificationOptions) {
    this.#options = options;
    this.examples = options.train.count;
  }

  batch(position: number, size: number): Tensors {
    const { train, augment, seed } = this.#options;
    const pixels = train.shape[0] * train.shape[1] * train.shape[2];
    const image = new Float32Array(size * pixels);
    const label = new BigInt64Array(size);
    for (let at = 0; at < size; ) {
      const epoch = Math.floor((position + at) / train.count);
      const first = (position + at) % train.count;
      const indices = this.#orderOf(epoch).subarray(first, Math.min(train.count, first + size - at));
      const into = image.subarray(at * pixels, (at + indices.length) * pixels);
      if (augment) augmentInto(train, indices, { seed, epoch }, into);
      else toFloat(train, indices, into);
      indices.forEach((index, i) => {
        label[at + i] = BigInt(train.labels[index]!);
      });
      at += indices.length;
    }
    return { image: tensor('float32', [size, ...train.shape], image), label: tensor('int64', [size], label) };
  }

  #orderOf(epoch: number): Int32Array {
    if (this.#order?.epoch !== epoch)
      this.#order = { epoch, indices: epochOrder(this.examples, this.#options.seed, epoch) };
    return this.#order.indices;
  }

  /** Mean cross-entropy and accuracy on the test images, in evaluation mode. */
  async evaluate(params: Params): Promise<{ loss: number; metric: number }> {
    const { model, test, runtime } = this.#options;
    const network = {
      name: model.name,
      inputShape: model.inputShape,
      classes: model.classes,
      graph: (batch: number | string) => model.build(params, batch),
    };
    const { loss, accuracy } = await evaluate(network, test, runtime);
    return { loss, metric: accuracy };
  }
}
