import { staticShape, tensorOf, type Value } from '../../src/onnx/index.ts';
import type { Operator, Operators, Soil } from './grow.ts';

const isImage = (v: Value) => v.shape.length === 4;

/** Attributes of a window that fits. */
function windowOf(s: Soil, dilated = true) {
  const kernel_shape = [1 + s.choose(3), 1 + s.choose(3)];
  const pads = [0, 1, 2, 3].map((i) => s.choose(kernel_shape[i % 2]!));
  const strides = [1 + s.choose(2), 1 + s.choose(2)];
  const dilations = dilated ? [1 + s.choose(2), 1 + s.choose(2)] : [1, 1];
  return { kernel_shape, pads, strides, ...(dilated ? { dilations } : {}) };
}

const pooling =
  (op: string, more: (s: Soil) => Readonly<Record<string, number>> = () => ({}), dilated = false): Operator =>
  (s) => {
    const v = s.pick(isImage);
    return v && { value: s.b.op(op, [v], { ...windowOf(s, dilated), ...more(s) }), size: s.sizeOf(v) };
  };

const globalPooling =
  (op: string): Operator =>
  (s) => {
    const v = s.pick(isImage);
    return v && { value: s.b.op(op, [v]), size: s.sizeOf(v) };
  };

/** One number a channel: a value of the graph where one has the size, else a constant. */
function perChannel(s: Soil, channels: number): Value {
  return (
    (s.choose(2) ? s.pick((v) => v.shape.length === 1 && v.shape[0] === channels) : undefined) ?? s.numbers([channels])
  );
}

const alongAxis =
  (op: string): Operator =>
  (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && { value: s.b.op(op, [v], { axis: s.choose(v.shape.length) }), size: op === 'LogSoftmax' ? 6 : 1 };
  };

export const productOperators: Operators = {
  MatMul: (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    if (!v) return undefined;
    const w = s.pick((x) => x.shape.length > 0 && x.shape.at(x.shape.length > 1 ? -2 : -1) === v.shape.at(-1));
    const given = w ?? s.numbers([staticShape(v).at(-1)!, 1 + s.choose(4)]);
    return { value: s.b.matMul(v, given), size: s.sizeOf(v) * s.sizeOf(given) * staticShape(v).at(-1)! };
  },
  'MatMul by its own transpose': (s) => {
    const v = s.pick((x) => x.shape.length > 1);
    if (!v) return undefined;
    const perm = v.shape.map((_, i) => i);
    const swapped = [...perm.slice(0, -2), perm.at(-1)!, perm.at(-2)!];
    return { value: s.b.matMul(v, s.b.transpose(v, swapped)), size: 9 };
  },
  Gemm: (s) => {
    const v = s.pick((x) => x.shape.length === 2);
    if (!v) return undefined;
    const [transA, transB] = [s.choose(2), s.choose(2)];
    const inner = staticShape(v)[transA ? 0 : 1]!;
    const w = s.pick((x) => x.shape.length === 2 && x.shape[transB] === inner);
    const n = 1 + s.choose(4);
    const given = w ?? s.numbers(transB ? [n, inner] : [inner, n]);
    const addend = s.choose(2) ? s.pick((x) => x.shape.length < 2) : null;
    const value = s.b.op('Gemm', [v, given, addend ?? null], { transA, transB, alpha: 0.5, beta: 2 });
    return { value, size: 9 };
  },
  Einsum: (s) => {
    const v = s.pick((x) => x.shape.length === 3);
    if (!v) return undefined;
    const [i, j, k] = staticShape(v) as [number, number, number];
    const fits = (shape: readonly number[]) => (x: Value) =>
      x.shape.length === shape.length && shape.every((d, axis) => d === x.shape[axis]);
    const [equation, shape] = s.oneOf<readonly [string, readonly number[]]>(
      ['ijk,ijk->ij', [i, j, k]],
      ['ijk,ikl->ijl', [i, k, 2]],
      ['ijk,kj->i', [k, j]],
      ['ijk,j', [j]],
      ['...k,kl->...l', [k, 3]],
    );
    return { value: s.b.op('Einsum', [v, s.pick(fits(shape)) ?? s.numbers(shape)], { equation }), size: 9 };
  },
  Conv: (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const window = windowOf(s);
    const channels = staticShape(v)[1]!;
    const group = s.oneOf(1, 1, channels, channels % 2 ? 1 : 2);
    const filters = channels * (1 + s.choose(2));
    const shape = [filters, channels / group, ...window.kernel_shape];
    const w = s.pick((x) => x.shape.length === 4 && shape.every((d, i) => d === x.shape[i])) ?? s.numbers(shape);
    return { value: s.b.conv(v, w, s.choose(2) ? perChannel(s, filters) : null, { ...window, group }), size: 9 };
  },
  ConvTranspose: (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const window = windowOf(s);
    const channels = staticShape(v)[1]!;
    const group = s.oneOf(1, channels);
    const shape = [channels, 1 + s.choose(2), ...window.kernel_shape];
    const w = s.pick((x) => x.shape.length === 4 && shape.every((d, i) => d === x.shape[i])) ?? s.numbers(shape);
    const output_padding = window.strides.map((stride) => s.choose(stride));
    return { value: s.b.op('ConvTranspose', [v, w], { ...window, group, output_padding }), size: 9 };
  },
  MaxPool: pooling('MaxPool', (s) => ({ ceil_mode: s.choose(2) }), true),
  AveragePool: pooling('AveragePool', (s) => ({ count_include_pad: s.choose(2), ceil_mode: s.choose(2) })),
  GlobalAveragePool: globalPooling('GlobalAveragePool'),
  GlobalMaxPool: globalPooling('GlobalMaxPool'),
  Resize: (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const mode = s.oneOf('nearest', 'linear');
    const coordinate_transformation_mode = s.oneOf('half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel');
    const scales = tensorOf('float32', [4], [1, 1, s.oneOf(1, 2, 0.5), s.oneOf(2, 1.5, 3)]);
    const attributes = { mode, coordinate_transformation_mode, nearest_mode: s.oneOf('floor', 'round_prefer_floor') };
    return { value: s.b.op('Resize', [v, null, s.b.constant(scales)], attributes), size: s.sizeOf(v) };
  },
  Softmax: alongAxis('Softmax'),
  LogSoftmax: alongAxis('LogSoftmax'),
  BatchNormalization: (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const channels = staticShape(v)[1]!;
    const [scale, bias, mean] = [perChannel(s, channels), perChannel(s, channels), perChannel(s, channels)];
    return {
      value: s.b.op('BatchNormalization', [v, scale, bias, mean, s.positive(perChannel(s, channels))]),
      size: 9,
    };
  },
  LayerNormalization: (s) => {
    const v = s.pick((x) => x.shape.length > 1);
    if (!v) return undefined;
    const axis = 1 + s.choose(v.shape.length - 1);
    const shape = staticShape(v).slice(axis);
    const fits = (x: Value) => x.shape.length === shape.length && shape.every((d, i) => d === x.shape[i]);
    const inputs = [v, s.pick(fits) ?? s.numbers(shape), s.choose(2) ? s.numbers(shape) : null];
    return { value: s.b.op('LayerNormalization', inputs, { axis, epsilon: 0.1 }), size: 6 };
  },
  GroupNormalization: (s) => {
    const v = s.pick((x) => isImage(x) && (x.shape[1] as number) % 2 === 0);
    const inputs = v && [v, perChannel(s, 2), perChannel(s, 2)];
    return inputs && { value: s.b.op('GroupNormalization', inputs, { num_groups: 2, epsilon: 0.1 }), size: 6 };
  },
  'BatchNormalization in training': (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const channels = staticShape(v)[1]!;
    const inputs = [v, ...[1, 2, 3, 4].map(() => perChannel(s, channels))];
    const attributes = { training_mode: 1, epsilon: 0.1, momentum: s.oneOf(0, 0.9) };
    return s.b.ops('BatchNormalization', inputs, attributes, { outputs: 3 });
  },
  LRN: (s) => {
    const v = s.pick(isImage);
    return (
      v && {
        value: s.b.op('LRN', [v], { size: 1 + 2 * s.choose(2), alpha: 0.5, beta: 0.75, bias: 1 }),
        size: s.sizeOf(v),
      }
    );
  },
  LpNormalization: (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && s.b.op('LpNormalization', [s.positive(v)], { axis: s.choose(v.shape.length), p: 1 + s.choose(2) });
  },
  MeanVarianceNormalization: (s) => {
    const v = s.pick((x) => isImage(x) && (x.shape[2] as number) * (x.shape[3] as number) > 2);
    return v && { value: s.b.op('MeanVarianceNormalization', [v], { axes: [0, 2, 3] }), size: 4 };
  },
  LpPool: pooling('LpPool', (s) => ({ p: 1 + s.choose(3), ceil_mode: s.choose(2) }), true),
  GlobalLpPool: globalPooling('GlobalLpPool'),
  InstanceNormalization: (s) => {
    const v = s.pick(isImage);
    if (!v) return undefined;
    const channels = staticShape(v)[1]!;
    const inputs = [v, perChannel(s, channels), perChannel(s, channels)];
    return { value: s.b.op('InstanceNormalization', inputs, { epsilon: 0.1 }), size: 6 };
  },
};
