import { UsageError } from '../../base/errors.ts';
import { batchify, type TextDataset, type TokenStreams, windowCount, windowInto } from '../../data/index.ts';
import { crossEntropy, requireVocabulary } from '../../evaluate/index.ts';
import type { Model } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';
import type { TrainingTask } from './task.ts';

export interface LanguageTaskOptions {
  readonly model: Model;
  readonly train: TextDataset;
  /** Held-out text. */
  readonly valid: TextDataset;
  /** Streams that the training text is cut into: the rows of a batch. */
  readonly batchSize: number;
  /** Tokens of a stream in a step, over which gradients go back. */
  readonly length: number;
  readonly smoothing?: number;
}

/**
 * Mean cross-entropy of the next word on a batch of this many streams; the words are the input `label` [batch, length]. A recurrent model hands its
 * state to the next step.
 */
export function languageObjective(model: Model, batch: number, length: number, smoothing = 0): Objective {
  const { state: width } = model;
  return {
    graph: model.trace(batch, length),
    loss: (b, outputs) =>
      crossEntropy(b, outputs.get('logits')!, b.input('label', 'int64', [batch, length]), { smoothing }),
    ...(width === undefined ? {} : { carry: { input: 'state', output: 'state_out', width } }),
  };
}

/**
 * Language modelling: cross-entropy of the next word, and perplexity. Truncated back-propagation through time: the text is cut into `batchSize` streams,
 * a step reads the next `length` words of each, and an example is one such piece. Each epoch begins anew.
 */
export class LanguageTask implements TrainingTask {
  readonly metric = 'perplexity';
  readonly examples: number;
  readonly tokens: number;
  readonly #options: LanguageTaskOptions;
  readonly #streams: TokenStreams;
  readonly #windows: number;

  constructor(options: LanguageTaskOptions) {
    const { model, train, valid, batchSize, length } = options;
    requireVocabulary(model, train);
    requireVocabulary(model, valid);
    this.#options = options;
    this.#streams = batchify(train.tokens, batchSize);
    this.#windows = windowCount(this.#streams, length);
    if (this.#windows === 0) {
      const each = this.#streams.length;
      throw new UsageError(
        `${train.name}: ${batchSize} streams have ${each} words each; expected more than the ${length} of a step`,
      );
    }
    this.examples = this.#windows * batchSize;
    this.tokens = length;
  }

  objective(batch: number): Objective {
    return languageObjective(this.#options.model, batch, this.tokens, this.#options.smoothing);
  }

  startsAnew(position: number): boolean {
    return position % this.examples === 0;
  }

  batch(position: number, size: number): Batch {
    const { batchSize } = this.#options;
    const window = Math.floor(position / batchSize) % this.#windows;
    const first = position % batchSize;
    const all = batchSize * this.tokens;
    const [inputs, targets] = [new Int32Array(all), new Int32Array(all)];
    windowInto(this.#streams, this.tokens, window, inputs, targets);
    const rows = (words: Int32Array) =>
      tensor(
        'int64',
        [size, this.tokens],
        BigInt64Array.from(words.subarray(first * this.tokens, (first + size) * this.tokens), BigInt),
      );
    return { inputs: { tokens: rows(inputs), label: rows(targets) }, targets: size * this.tokens };
  }
}
