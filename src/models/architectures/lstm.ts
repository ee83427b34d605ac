import { UsageError } from '../../base/errors.ts';
import { dropout, embedding, lstmLayer, splitEqually } from '../../nn/index.ts';
import { staticShape, type Value } from '../../onnx/index.ts';
import type { Model } from '../model.ts';
import { defineLanguageModel } from './language-model.ts';

/** What an LSTM language model may differ in. */
export interface LstmOptions {
  /** 2 unless told. */
  readonly layers?: number;
  /** 200 unless told. */
  readonly hidden?: number;
  /** Width of a token's vector; `hidden` unless told. */
  readonly embedding?: number;
  /** 10 000 unless told, Penn Treebank's. */
  readonly vocabulary?: number;
  /** The decoder uses the encoder's table (Press and Wolf, 1608.05859): only `encoder.weight` is kept. */
  readonly tied?: boolean;
  /** Ratio of the Dropout nodes after the encoder, between layers and before the decoder; 0 (none) unless told. */
  readonly dropout?: number;
  /** Steps that a training graph is unrolled over unless told otherwise there; 35. */
  readonly length?: number;
}

/**
 * The recurrent language model of Zaremba, Sutskever, Vinyals 2014 (1409.2329) as PyTorch's word_language_model example
 * writes it: embedding, LSTM layers, linear decoder; `encoder.weight`, `rnn.weight_ih_l0`, ..., `decoder.bias`.
 * Embedding and decoder start U(-0.1, 0.1), the decoder's bias 0, the LSTM as in `lstmLayer`. 2 x 200 on 10 000 words has
 * 4 653 200 parameters.
 *
 * The state [N, 2 layers hidden] holds h and c of the first layer, then of the next: rows of a batch stay together.
 */
export function lstm(options: LstmOptions = {}): Model {
  const { layers = 2, hidden = 200, vocabulary = 10_000, tied = false, length = 35 } = options;
  const width = options.embedding ?? hidden;
  const ratio = options.dropout ?? 0;
  if (!Number.isInteger(layers) || layers < 1) throw new UsageError(`lstm: layers must be at least 1, got ${layers}`);
  if (!Number.isInteger(hidden) || hidden < 1) throw new UsageError(`lstm: hidden must be at least 1, got ${hidden}`);
  if (!(ratio >= 0 && ratio < 1)) throw new UsageError(`lstm: dropout must be in [0, 1), got ${ratio}`);
  if (tied && width !== hidden) {
    throw new UsageError(`lstm: a tied decoder needs embedding = hidden, got ${width} and ${hidden}`);
  }
  return defineLanguageModel({
    name: `lstm${layers}x${hidden}${tied ? 'tied' : ''}`,
    vocabulary,
    length,
    state: 2 * layers * hidden,
    body: (scope, tokens, state) => {
      const { b } = scope;
      const [n, steps] = staticShape(tokens) as [number, number];
      const init = { uniform: 0.1 };
      const encoder = embedding(scope, 'encoder', b.reshape(tokens, [n * steps]), {
        count: vocabulary,
        width,
        init,
        alias: tied ? 'decoder.weight' : undefined,
      });
      const before = splitEqually(scope, state!, 2 * layers, 'state.split');
      const after: Value[] = [];
      let x = dropout(scope, 'encoder.drop', encoder.rows, ratio);
      for (let layer = 0; layer < layers; layer++) {
        const at = { h: before[2 * layer]!, c: before[2 * layer + 1]! };
        const { y, h, c } = lstmLayer(scope, 'rnn', x, { layer, hidden, steps, state: at });
        after.push(h, c);
        x = dropout(scope, `rnn.drop${layer}`, y, ratio);
      }
      const weight = tied ? encoder.weight : scope.parameter('decoder.weight', [vocabulary, hidden], init);
      const bias = scope.parameter('decoder.bias', [vocabulary], 'zeros');
      const logits = b.op('Gemm', [x, weight, bias], { transB: 1 }, { name: 'decoder' });
      return { logits, state: b.concat(after, 1) };
    },
  });
}
