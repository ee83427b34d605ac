import type { TensorData, Window } from '../../onnx/index.ts';

export interface Phases {
  /** [stride_h * stride_w * Co, Ci, kh', kw'], phases outermost. */
  readonly filters: TensorData;
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
 * Rewrites a transposed convolution (filters [Ci, Co, kh, kw], group 1) as an ordinary one that computes each phase of the
 * output as channels of its own. Undefined when the output size is no multiple of the stride or padding would be negative.
 */
export function phaseFilters(
  filters: TensorData,
  { strides, dilations, pads }: Window,
  input: readonly number[],
  output: readonly number[],
): Phases | undefined {
  const [ci, co, kh, kw] = filters.shape as [number, number, number, number];
  const rows = axisPhases(kh, strides[0]!, dilations[0]!, pads[0]!, input[0]!, output[0]!);
  const columns = axisPhases(kw, strides[1]!, dilations[1]!, pads[1]!, input[1]!, output[1]!);
  if (!rows || !columns) return undefined;
  const [sizeH, sizeW] = [rows.taps[0]!.length, columns.taps[0]!.length];
  const count = rows.taps.length * columns.taps.length;
  const data = new Float32Array(count * co * ci * sizeH * sizeW);
  let to = 0;
  for (const rowTaps of rows.taps) {
    for (const columnTaps of columns.taps) {
      for (let o = 0; o < co; o++) {
        for (let i = 0; i < ci; i++) {
          for (const r of rowTaps) {
            for (const c of columnTaps) {
              if (r >= 0 && c >= 0) data[to] = (filters.data as Float32Array)[((i * co + o) * kh + r) * kw + c]!;
              to++;
            }
          }
        }
      }
    }
  }
  return {
    filters: { dtype: 'float32', shape: [count * co, ci, sizeH, sizeW], data },
    pads: [rows.begin, columns.begin, rows.end, columns.end],
  };
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
