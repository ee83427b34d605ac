import type { GraphBuilder, TensorData, Value, Window } from '../../onnx/index.ts';

export interface Phases {
  /** stride_h * stride_w. */
  readonly count: number;
  /** Size of the small kernel, the same for all phases. */
  readonly kernel: readonly [number, number];
  /** For each phase and each tap of its small kernel the tap of the transposed one (row-major), or -1 for zero. */
  readonly taps: readonly number[];
  /** Padding of the ordinary convolution. */
  readonly pads: readonly number[];
}

interface AxisPhases {
  /** For each phase r and each tap d of the small kernel, the tap of the transposed kernel, or -1. */
  readonly taps: readonly (readonly number[])[];
  readonly begin: number;
  readonly end: number;
}

/**
 * One axis: output pixel o = s m + r receives tap k of input pixel i with s i = o + p - dilation k.
 * So taps k with (r + p - dilation k) divisible by s contribute, at the offset i - m = (r + p - dilation k) / s.
 */
function axisPhases(k: number, s: number, d: number, p: number, input: number, output: number): AxisPhases | undefined {
  if (output % s !== 0) return undefined;
  const tapAt: Map<number, number>[] = [];
  for (let r = 0; r < s; r++) {
    const taps = new Map<number, number>();
    for (let tap = 0; tap < k; tap++) {
      const distance = r + p - d * tap;
      if (distance % s === 0) taps.set(distance / s, tap);
    }
    tapAt.push(taps);
  }
  const offsets = tapAt.flatMap((taps) => [...taps.keys()]);
  const [first, last] = [Math.min(...offsets), Math.max(...offsets)];
  const begin = -first;
  const end = output / s - 1 + last - (input - 1);
  if (begin < 0 || end < 0) return undefined;
  const taps = tapAt.map((at) => Array.from({ length: last - first + 1 }, (_, i) => at.get(first + i) ?? -1));
  return { taps, begin, end };
}

/**
 * A transposed convolution (filters [Ci, Co, kh, kw], group 1) as an ordinary one that computes each phase of the output as
 * channels of its own. Undefined when the output size is no multiple of the stride or padding would be negative.
 */
export function phasesOf(
  kernel: readonly number[],
  { strides, dilations, pads }: Window,
  input: readonly number[],
  output: readonly number[],
): Phases | undefined {
  const axis = (i: number) => axisPhases(kernel[i]!, strides[i]!, dilations[i]!, pads[i]!, input[i]!, output[i]!);
  const [rows, columns] = [axis(0), axis(1)];
  if (!rows || !columns) return undefined;
  const taps: number[] = [];
  for (const rowTaps of rows.taps)
    for (const columnTaps of columns.taps)
      for (const r of rowTaps) for (const c of columnTaps) taps.push(r >= 0 && c >= 0 ? r * kernel[1]! + c : -1);
  return {
    count: rows.taps.length * columns.taps.length,
    kernel: [rows.taps[0]!.length, columns.taps[0]!.length],
    taps,
    pads: [rows.begin, columns.begin, rows.end, columns.end],
  };
}

/** Filters [Ci, Co, kh, kw], known now, as those of the phases, [count Co, Ci, kh', kw']. */
export function phaseFilters(filters: TensorData, { count, kernel, taps }: Phases): TensorData {
  const [ci, co, kh, kw] = filters.shape as [number, number, number, number];
  const perPhase = kernel[0] * kernel[1];
  const from = filters.data as Float32Array;
  const data = new Float32Array(count * co * ci * perPhase);
  let to = 0;
  for (let phase = 0; phase < count; phase++)
    for (let o = 0; o < co; o++)
      for (let i = 0; i < ci; i++)
        for (let t = phase * perPhase; t < (phase + 1) * perPhase; t++, to++)
          if (taps[t]! >= 0) data[to] = from[(i * co + o) * kh * kw + taps[t]!]!;
  return { dtype: 'float32', shape: [count * co, ci, ...kernel], data };
}

/** The same by nodes of the graph, for filters that are computed. */
export function phaseFiltersInGraph(b: GraphBuilder, filters: Value, { count, kernel, taps }: Phases): Value {
  const [ci, co, kh, kw] = filters.shape as readonly number[] as [number, number, number, number];
  // A tap of zeros behind the others stands for those that a phase does not have.
  const flat = b.op('Pad', [b.reshape(filters, [ci, co, kh * kw]), b.integers([0, 0, 0, 0, 0, 1]), b.scalar(0)]);
  const picked = b.op('Gather', [flat, b.integers(taps.map((t) => (t < 0 ? kh * kw : t)))], { axis: 2 });
  const apart = b.reshape(picked, [ci, co, count, kernel[0] * kernel[1]]);
  return b.reshape(b.transpose(apart, [2, 1, 0, 3]), [count * co, ci, ...kernel]);
}

/** For every output row (block, i, j) the row of the phases' convolution [phase, block, i', j'] that it comes from. */
export function interleavedRows(blocks: number, h: number, w: number, [sh, sw]: readonly [number, number]): number[] {
  const [ph, pw] = [h / sh, w / sw];
  const rows: number[] = [];
  for (let c = 0; c < blocks; c++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const phase = (i % sh) * sw + (j % sw);
        rows.push(((phase * blocks + c) * ph + Math.floor(i / sh)) * pw + Math.floor(j / sw));
      }
    }
  }
  return rows;
}
