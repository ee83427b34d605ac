import { type Csr, CsrBuilder } from '../../linalg/index.ts';
import { type ConvolutionLayer, volume } from './layers.ts';

/** The positions of a grid in row-major order. */
export function* positions(sizes: readonly number[]): Generator<number[]> {
  const at = sizes.map(() => 0);
  for (let i = volume(sizes); i > 0; i--) {
    yield [...at];
    for (let d = sizes.length - 1; d >= 0; d--) {
      if (++at[d]! < sizes[d]!) break;
      at[d] = 0;
    }
  }
}

/**
 * One group of a convolution as a sparse matrix in float64, with its padding, stride and dilation as they are: rows are outputs, columns inputs
 * of that group, both in pixel-major order (all channels of a pixel together), in which its Gram matrix is a band.
 */
export function convolutionMatrix(layer: ConvolutionLayer, group: number): Csr {
  const { weights, window, from, to, groups } = layer;
  const [filters, channels] = [layer.filters / groups, layer.channels / groups];
  const taps = [...positions(window.kernel)];
  const matrix = new CsrBuilder(filters * volume(to), channels * volume(from), filters * volume(to) * channels);
  let row = 0;
  for (const pixel of positions(to)) {
    const inside = taps.flatMap((tap, t): { tap: number; pixel: number }[] => {
      let place = 0;
      for (let d = 0; d < from.length; d++) {
        const x = pixel[d]! * window.strides[d]! - window.pads[d]! + tap[d]! * window.dilations[d]!;
        if (x < 0 || x >= from[d]!) return [];
        place = place * from[d]! + x;
      }
      return [{ tap: t, pixel: place }];
    });
    const columns = inside.flatMap((p) => Array.from({ length: channels }, (_, c) => p.pixel * channels + c));
    for (let f = 0; f < filters; f++) {
      const start = (group * filters + f) * channels * taps.length;
      const values = inside.flatMap((p) =>
        Array.from({ length: channels }, (_, c) => weights[start + c * taps.length + p.tap]!),
      );
      matrix.append(row++, columns, values);
    }
  }
  return matrix.build();
}
