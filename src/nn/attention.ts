import { staticShape, tensorOf, type Value } from '../onnx/index.ts';
import { dropout } from './dropout.ts';
import { linear } from './layers.ts';
import type { Initializer } from './parameters.ts';
import type { Scope } from './scope.ts';

/** Layer normalization over the last axis, epsilon 1e-5. */
export function layerNorm(scope: Scope, name: string, x: Value): Value {
  const width = [x.shape.at(-1) as number];
  const inputs = [x, scope.parameter(`${name}.weight`, width, 'ones'), scope.parameter(`${name}.bias`, width, 'zeros')];
  return scope.b.op('LayerNormalization', inputs, { axis: -1, epsilon: 1e-5 }, { name: scope.path(name) });
}

export interface AttentionOptions {
  readonly heads: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** Ratio of the dropout of attention weights. */
  readonly dropout: number;
  readonly init: Initializer;
  readonly projectionInit: Initializer;
}

/**
 * Causal self-attention of several heads (Vaswani et al. 2017, 1706.03762). x: [N * length, width], the tokens of a
 * sequence one after another -> [N * length, width]. Parameters `c_attn` (queries, keys and values in this order) and
 * `c_proj`, as in minGPT. A token sees itself and those before it: later ones get -1e9 before the softmax.
 */
export function causalAttention(scope: Scope, x: Value, options: AttentionOptions): Value {
  const { heads, length, init, projectionInit } = options;
  const { b } = scope;
  const [rows, width] = staticShape(x) as [number, number];
  const size = width / heads;
  const joint = linear(scope, 'c_attn', x, 3 * width, { init });
  const perHead = b.transpose(b.reshape(joint, [rows / length, length, 3, heads, size]), [2, 0, 3, 1, 4]);
  const parts = b.ops(
    'Split',
    [perHead, b.integers([1, 1, 1])],
    { axis: 0 },
    { outputs: 3, name: scope.path('split') },
  );
  const [q, k, v] = parts.map((p) => b.reshape(p, [rows / length, heads, length, size])) as [Value, Value, Value];
  const mask = Array.from({ length: length ** 2 }, (_, i) => (i % length > Math.floor(i / length) ? -1e9 : 0));
  const scores = b.scale(b.matMul(q, b.transpose(k, [0, 1, 3, 2])), 1 / Math.sqrt(size));
  const visible = b.add(scores, b.constant(tensorOf('float32', [1, 1, length, length], mask), scope.path('mask')));
  const weights = b.op('Softmax', [visible], { axis: -1 }, { name: scope.path('softmax') });
  const mixed = b.matMul(dropout(scope, 'attn_dropout', weights, options.dropout), v);
  const back = b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [rows, width]);
  return linear(scope, 'c_proj', back, width, { init: projectionInit });
}
