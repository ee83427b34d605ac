import { singularValues, smallSvd } from '../../linalg/index.ts';
import { type ConvolutionLayer, volume } from './layers.ts';
import { positions } from './matrix.ts';

/** From here on the matrix of a frequency goes to the blocked method. */
const largestSmall = 160;

/**
 * Whether the formula applies: every stride divides its axis, so that the circular convolution has whole periods. Its pixels are then those
 * of the convolution itself wherever this has "same" padding.
 */
export const hasCircular = ({ from, window }: ConvolutionLayer): boolean =>
  from.every((n, d) => n % window.strides[d]! === 0);

/**
 * Singular values, descending, of the convolution with circular instead of zero padding, by the formula of Sedghi, Gupta and Long
 * (arXiv 1805.10408): at every frequency those of the filters x channels matrix of the kernels' Fourier transforms. With a stride s the s
 * frequencies that fall onto each other stand side by side in that matrix, over sqrt(s) for each axis. For zero padding this is an
 * approximation. Undefined where a stride does not divide its axis.
 */
export async function circularSingularValues(
  layer: ConvolutionLayer,
  options: { readonly threads?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Float64Array | undefined> {
  if (!hasCircular(layer)) return undefined;
  const { from, window, groups } = layer;
  const { strides } = window;
  const periods = from.map((n, d) => n / strides[d]!);
  const [filters, channels] = [layer.filters / groups, layer.channels / groups];
  const taps = [...positions(window.kernel)];
  const aliases = [...positions(strides)];
  const width = channels * aliases.length;
  const scale = 1 / Math.sqrt(volume(strides));
  const each = Math.min(filters, width);
  const found: number[] = [];
  for (let group = 0; group < groups; group++) {
    for (const frequency of positions(periods)) {
      // Kernels are real: opposite frequencies have conjugate matrices, and one of the two is enough.
      const mirrored = frequency.map((u, d) => (periods[d]! - u) % periods[d]!);
      const order = frequency.findIndex((u, d) => u !== mirrored[d]);
      if (order >= 0 && frequency[order]! > mirrored[order]!) continue;
      options.signal?.throwIfAborted();
      // [[Re, -Im], [Im, Re]]: real, with every singular value twice.
      const a = new Float64Array(4 * filters * width);
      aliases.forEach((alias, m) => {
        const phases = taps.map((tap) => {
          const turns = tap.reduce(
            (sum, k, d) => sum + (k * window.dilations[d]! * (frequency[d]! + alias[d]! * periods[d]!)) / from[d]!,
            0,
          );
          return [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)] as const;
        });
        for (let f = 0; f < filters; f++) {
          for (let c = 0; c < channels; c++) {
            const start = ((group * filters + f) * channels + c) * taps.length;
            let [re, im] = [0, 0];
            phases.forEach(([cos, sin], t) => {
              re += layer.weights[start + t]! * cos;
              im += layer.weights[start + t]! * sin;
            });
            const column = m * channels + c;
            a[f * 2 * width + column] = a[(f + filters) * 2 * width + width + column] = scale * re;
            a[(f + filters) * 2 * width + column] = scale * im;
            a[f * 2 * width + width + column] = -scale * im;
          }
        }
      });
      const values = await realSingularValues(a, 2 * filters, 2 * width, options.threads);
      for (let i = 0; i < each; i++) {
        found.push(values[2 * i]!);
        if (order >= 0) found.push(values[2 * i]!);
      }
    }
  }
  return Float64Array.from(found).sort().reverse();
}

async function realSingularValues(
  a: Float64Array,
  rows: number,
  cols: number,
  threads: number | undefined,
): Promise<Float64Array> {
  if (Math.min(rows, cols) <= largestSmall) return Float64Array.from(smallSvd(a, rows, cols).values);
  if (rows <= cols) return (await singularValues(a, rows, cols, { threads })).values;
  const transposed = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) transposed[j * rows + i] = a[i * cols + j]!;
  return (await singularValues(transposed, cols, rows, { threads })).values;
}
