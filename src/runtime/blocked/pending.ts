import type { PlainAttributes, Shape, TensorData, Value } from '../../onnx/index.ts';
import type { FilterOrder } from './layout.ts';

/** A tensor that is known now, in plain order, or a value of the new graph, in the order its user wants. */
export type Operand = TensorData | Value;

export function isKnown(operand: Operand): operand is TensorData {
  return 'data' in operand;
}

export interface Interleave {
  readonly strides: readonly [number, number];
  /** [N, C, H, W] of the result. */
  readonly shape: Shape;
}

/** A blocked convolution that is not written yet, because what follows may become part of it: y = activation(conv + bias + sum). */
export interface PendingConv {
  readonly name: string;
  /** Of the new graph; blocked, or plain for a filter of fewer input channels than a block. */
  readonly input: Value;
  readonly filter: Operand;
  readonly order: FilterOrder;
  readonly bias: Operand | null;
  readonly sum: Value | null;
  readonly window: PlainAttributes;
  readonly activation?: PlainAttributes;
  /**
   * The convolution computes every stride[0] x stride[1] phase of the output (row mod stride, column mod stride) as
   * channels of its own, phases outermost, which are then interleaved to `shape`. A sum is added before that.
   */
  readonly interleave?: Interleave;
  /** One factor a channel, [C], when the convolution does nothing else than to apply them: users may take them into their filters. */
  readonly factors?: Operand;
}

/** `vector` once for every phase. */
function tiled(vector: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => vector[i % vector.length]!);
}

function scaleRows(t: TensorData, factors: Float32Array): TensorData {
  const row = t.data.length / factors.length;
  return { ...t, data: (t.data as Float32Array).map((v, i) => v * factors[Math.floor(i / row)]!) };
}

/**
 * The convolution followed by y[c] = scale[c] x[c] + offset[c], as one convolution; undefined when it is not known well
 * enough, or has gone on to a sum or an activation.
 */
export function scaleOutput(
  conv: PendingConv,
  scale: Float32Array | null,
  offset: Float32Array | null,
): PendingConv | undefined {
  const { filter, bias } = conv;
  if (conv.sum || conv.activation || (scale && !isKnown(filter)) || (bias && !isKnown(bias))) return undefined;
  const { factors: _, ...rest } = conv;
  const rows = filter.shape[0] as number;
  const scales = scale && tiled(scale, rows);
  let moved = bias && scales ? scaleRows(bias, scales) : bias;
  if (offset) {
    const before = moved?.data as Float32Array | undefined;
    moved = { dtype: 'float32', shape: [rows], data: tiled(offset, rows).map((o, i) => o + (before?.[i] ?? 0)) };
  }
  return { ...rest, filter: scales && isKnown(filter) ? scaleRows(filter, scales) : filter, bias: moved };
}

/** Known filters [Co, Ci / group, ...] of a convolution whose input channels are first multiplied by known factors. */
export function scaleInput(filter: TensorData, factors: Float32Array, group: number): TensorData {
  const [out, perGroup] = filter.shape as readonly [number, number];
  const taps = filter.data.length / (out * perGroup);
  const data = (filter.data as Float32Array).map((v, i) => {
    const o = Math.floor(i / (perGroup * taps));
    const c = Math.floor(i / taps) % perGroup;
    return v * factors[Math.floor(o / (out / group)) * perGroup + c]!;
  });
  return { ...filter, data };
}

/** A known vector once for every phase of an interleaved convolution. */
export function tiledOperand(t: TensorData, phases: number): TensorData {
  const length = t.data.length * phases;
  return { ...t, shape: [length], data: tiled(t.data as Float32Array, length) };
}
