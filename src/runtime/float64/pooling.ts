import { type GraphBuilder, intAttribute, tensor, type Value, windowOf } from '../../onnx/index.ts';
import { padSpatial, tapSlice, tuples } from './convolution.ts';
import type { Lowering } from './lowering.ts';

type Numbers = readonly number[];

/** Along one axis: for every window, how many of its taps lie in [from, to). */
function tapCounts(
  count: number,
  kernel: number,
  stride: number,
  dilation: number,
  begin: number,
  from: number,
  to: number,
) {
  return Array.from({ length: count }, (_, o) => {
    let inside = 0;
    for (let k = 0; k < kernel; k++) {
      const at = o * stride - begin + k * dilation;
      if (at >= from && at < to) inside++;
    }
    return inside;
  });
}

/** Sum of the tap slices over the number of taps that count. */
const averagePool: Lowering = (node, [x], b) => {
  const spatial = x!.shape.slice(2) as Numbers;
  const rank = spatial.length;
  const { kernel, strides, dilations, pads } = windowOf(node, spatial);
  const counts = node.outputs[0]!.shape.slice(2) as Numbers;
  const begins = pads.slice(0, rank);
  // With ceil_mode the last window may reach beyond the padding.
  const ends = spatial.map(
    (n, i) => (counts[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - n - begins[i]!,
  );
  const padded = padSpatial(b, x!, [...begins, ...ends.map((e) => Math.max(e, 0))]);
  const slices = tuples(kernel).map((tap) =>
    tapSlice(
      b,
      padded,
      tap.map((t, i) => t * dilations[i]!),
      counts,
      strides,
    ),
  );
  const includePad = intAttribute(node, 'count_include_pad', 0) === 1;
  const perAxis = spatial.map((n, i) => {
    const [from, to] = includePad ? [-begins[i]!, n + pads[rank + i]!] : [0, n];
    return tapCounts(counts[i]!, kernel[i]!, strides[i]!, dilations[i]!, begins[i]!, from, to);
  });
  const shares = tuples(counts).map((at) => 1 / at.reduce((p, o, i) => p * perAxis[i]![o]!, 1));
  const share = b.constant(tensor('float64', [1, 1, ...counts], Float64Array.from(shares)));
  return b.mul(
    slices.reduce<Value>((sum, s) => b.add(sum, s), b.scalar(0, 'float64')),
    share,
  );
};

const pixelAxes = (x: Value) => x.shape.slice(2).map((_, i) => i + 2);

const absolutePower = (b: GraphBuilder, x: Value, p: number) => b.op('Pow', [b.op('Abs', [x]), b.scalar(p, 'float64')]);

/** (sum of |x|^p)^(1/p) over the taps. */
const lpPool: Lowering = (node, [x], b) => {
  const spatial = x!.shape.slice(2) as Numbers;
  const rank = spatial.length;
  const p = intAttribute(node, 'p', 2);
  const { kernel, strides, dilations, pads } = windowOf(node, spatial);
  const counts = node.outputs[0]!.shape.slice(2) as Numbers;
  const begins = pads.slice(0, rank);
  const ends = spatial.map(
    (n, i) => (counts[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - n - begins[i]!,
  );
  const padded = padSpatial(b, absolutePower(b, x!, p), [...begins, ...ends.map((e) => Math.max(e, 0))]);
  const sum = tuples(kernel)
    .map((tap) =>
      tapSlice(
        b,
        padded,
        tap.map((t, i) => t * dilations[i]!),
        counts,
        strides,
      ),
    )
    .reduce((total, slice) => b.add(total, slice));
  return b.op('Pow', [sum, b.scalar(1 / p, 'float64')]);
};

const globalLpPool: Lowering = (node, [x], b) => {
  const p = intAttribute(node, 'p', 2);
  return b.op('Pow', [b.reduceSum(absolutePower(b, x!, p), pixelAxes(x!)), b.scalar(1 / p, 'float64')]);
};

export const poolingLowerings: Readonly<Record<string, Lowering>> = {
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
  GlobalAveragePool: (_, [x], b) => b.reduceMean(x!, pixelAxes(x!)),
  GlobalMaxPool: (_, [x], b) => b.op('ReduceMax', [x!, b.integers(pixelAxes(x!))]),
};
