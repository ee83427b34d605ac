import { type Graph, GraphBuilder, type PlainAttributes, staticShape, type Value } from '../../src/onnx/index.ts';
import { draw } from './run.ts';

/** Graphs that several tests use, with weights as constants. */

class Layers {
  readonly b: GraphBuilder;
  #count = 0;

  constructor(b: GraphBuilder) {
    this.b = b;
  }

  weight(shape: readonly number[], scale = 0.3, offset = 0): Value {
    const t = draw('normal', 'float32', shape, `weight${this.#count}`);
    const data = Float32Array.from(t.data as Float32Array, (v) => offset + scale * v);
    return this.b.constant({ ...t, data }, `weight${this.#count++}`);
  }

  conv(x: Value, out: number, kernel: number, attributes: PlainAttributes = {}): Value {
    const p = (kernel - 1) / 2;
    const w = this.weight([out, staticShape(x)[1]!, kernel, kernel]);
    return this.b.conv(x, w, null, { pads: [p, p, p, p], ...attributes });
  }

  batchNorm(x: Value): Value {
    const c = [staticShape(x)[1]!];
    const [scale, bias, mean] = [this.weight(c, 0.3, 1), this.weight(c), this.weight(c)];
    const positive = draw('positive', 'float32', c, `variance${this.#count}`);
    const variance = this.b.constant(positive, `variance${this.#count}`);
    return this.b.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: 1e-5 });
  }
}

/** Conv-BN-ReLU-Conv-BN plus a shortcut, then ReLU. Stride 2 doubles the channels by option A: Slice, zero channels. */
export function residualUnit(options: { stride: 1 | 2; batch?: number; zeroChannels?: 'pad' | 'concat' }): Graph {
  const { stride, batch = 1, zeroChannels = 'pad' } = options;
  const b = new GraphBuilder('unit');
  const layers = new Layers(b);
  const channels = 4;
  const out = channels * stride;
  const x = b.input('x', 'float32', [batch, channels, 8, 8]);
  const hidden = b.relu(layers.batchNorm(layers.conv(x, out, 3, { strides: [stride, stride] })));
  const branch = layers.batchNorm(layers.conv(hidden, out, 3));
  let shortcut = x;
  if (stride === 2) {
    const steps = b.integers([2, 2]);
    const cut = b.op('Slice', [x, b.integers([0, 0]), b.integers([8, 8]), b.integers([2, 3]), steps]);
    const nothing = b.sub(b.slice(cut, 1, 0, 2), b.slice(cut, 1, 0, 2));
    shortcut =
      zeroChannels === 'pad'
        ? b.op('Pad', [cut, b.integers([0, 2, 0, 0, 0, 2, 0, 0])])
        : b.concat([nothing, cut, nothing], 1);
  }
  b.output('y', b.relu(b.add(branch, shortcut)));
  return b.build();
}

/** A small classifier on 8x8 images: convolution, pooling, a residual sum, global pooling, a linear layer. */
export function smallNet(options: { batch: number; smooth?: boolean }): Graph {
  const b = new GraphBuilder('net');
  const layers = new Layers(b);
  const bend = (v: Value) => (options.smooth ? b.op('Tanh', [v]) : b.relu(v));
  const x = b.input('x', 'float32', [options.batch, 2, 8, 8]);
  const first = bend(layers.batchNorm(layers.conv(x, 4, 3)));
  const pooled = b.op(options.smooth ? 'AveragePool' : 'MaxPool', [first], { kernel_shape: [2, 2], strides: [2, 2] });
  const joined = b.add(pooled, bend(layers.conv(pooled, 4, 3)));
  const features = b.op('Flatten', [b.op('GlobalAveragePool', [joined])], { axis: 1 });
  const logits = b.op('Gemm', [features, layers.weight([3, 4]), layers.weight([3])], { transB: 1 });
  b.output('logits', logits);
  const logProbabilities = b.op('LogSoftmax', [logits], { axis: 1 });
  b.output('loss', b.op('ReduceMean', [b.neg(b.slice(logProbabilities, 1, 0, 1))], { keepdims: 0 }));
  return b.build();
}
