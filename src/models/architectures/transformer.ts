import { UsageError } from '../../base/errors.ts';
import { causalAttention, dropout, embedding, layerNorm, linear, type Scope } from '../../nn/index.ts';
import { staticShape, type Value } from '../../onnx/index.ts';
import type { Model } from '../model.ts';
import { defineLanguageModel } from './language-model.ts';

/** What a transformer language model may differ in. */
export interface TransformerOptions {
  /** 4 unless told. */
  readonly layers?: number;
  /** 128 unless told. */
  readonly width?: number;
  /** Divides `width`; one for every 32 of it unless told. */
  readonly heads?: number;
  /** The most tokens of a sequence; 128 unless told. */
  readonly context?: number;
  /** 10 000 unless told, Penn Treebank's. */
  readonly vocabulary?: number;
  /** Ratio of the Dropout nodes on embeddings, attention weights and branches; 0 (none) unless told. */
  readonly dropout?: number;
  /** Whether `lm_head.weight` is a matrix of its own, as in minGPT, instead of `transformer.wte.weight`, as in GPT-2. */
  readonly untied?: boolean;
}

/**
 * A decoder-only language model as GPT-2 (Radford et al. 2019): learned positions, layer norm before each branch, causal
 * attention, a GELU layer of four times the width, a decoder that shares the table of tokens. Names as in minGPT
 * (`transformer.h.0.attn.c_attn.weight`, linear weights [out, in]). It starts as GPT-2: N(0, 0.02^2), the last layer of each
 * of the 2 L branches N(0, 0.02^2 / (2 L)), biases 0. The default has 2 089 728 parameters, GPT-2's own sizes 124 439 808.
 */
export function transformer(options: TransformerOptions = {}): Model {
  const { layers = 4, width = 128, context = 128, vocabulary = 10_000, untied = false } = options;
  const heads = options.heads ?? Math.max(1, Math.floor(width / 32));
  const ratio = options.dropout ?? 0;
  if (!Number.isInteger(layers) || layers < 1)
    throw new UsageError(`transformer: layers must be at least 1, got ${layers}`);
  if (width % heads)
    throw new UsageError(`transformer: width must be divisible by the heads, got ${width} and ${heads}`);
  if (!(ratio >= 0 && ratio < 1)) throw new UsageError(`transformer: dropout must be in [0, 1), got ${ratio}`);
  const init = { normal: 0.02 };
  const projectionInit = { normal: 0.02 / Math.sqrt(2 * layers) };

  const block = (scope: Scope, x: Value, length: number): Value => {
    const { b } = scope;
    const attention = { heads, length, dropout: ratio, init, projectionInit };
    const mixed = causalAttention(scope.in('attn'), layerNorm(scope, 'ln_1', x), attention);
    const h = b.add(x, dropout(scope, 'attn.resid_dropout', mixed, ratio));
    const mlp = scope.in('mlp');
    const wide = linear(mlp, 'c_fc', layerNorm(scope, 'ln_2', h), 4 * width, { init });
    const active = b.op('Gelu', [wide], {}, { name: mlp.path('gelu') });
    return b.add(h, dropout(mlp, 'dropout', linear(mlp, 'c_proj', active, width, { init: projectionInit }), ratio));
  };

  return defineLanguageModel({
    name: `transformer${layers}x${width}${untied ? 'untied' : ''}`,
    vocabulary,
    length: context,
    longest: context,
    body: (scope, tokens) => {
      const { b } = scope;
      const [n, length] = staticShape(tokens) as [number, number];
      const root = scope.in('transformer');
      const words = embedding(root, 'wte', tokens, {
        count: vocabulary,
        width,
        init,
        alias: untied ? undefined : 'lm_head.weight',
      });
      const positions = root.parameter('wpe.weight', [context, width], init);
      const placed = b.add(words.rows, length === context ? positions : b.slice(positions, 0, 0, length));
      let x = dropout(root, 'drop', b.reshape(placed, [n * length, width]), ratio);
      for (let layer = 0; layer < layers; layer++) x = block(root.in(`h.${layer}`), x, length);
      x = layerNorm(root, 'ln_f', x);
      if (untied) return { logits: linear(scope, 'lm_head', x, vocabulary, { init, bias: false }) };
      return { logits: b.op('Gemm', [x, words.weight], { transB: 1 }, { name: 'lm_head' }) };
    },
  });
}
