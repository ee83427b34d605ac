import { type GraphBuilder, intAttribute, type Node, tensor, type Value, windowOf } from '../../onnx/index.ts';
import { tuples } from './convolution.ts';
import type { Lowering } from './lowering.ts';

type Numbers = readonly number[];

/** The window along one axis: n pixels, `count` positions. */
interface Axis {
  readonly n: number;
  readonly count: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
}

function axesOf(node: Node, x: Value): { axes: Axis[]; ends: Numbers } {
  const spatial = x.shape.slice(2) as Numbers;
  const { kernel, strides, dilations, pads } = windowOf(node, spatial);
  const counts = node.outputs[0]!.shape.slice(2) as Numbers;
  const axes = spatial.map((n, i) => ({
    ...{ n, count: counts[i]!, kernel: kernel[i]! },
    ...{ stride: strides[i]!, dilation: dilations[i]!, begin: pads[i]! },
  }));
  return { axes, ends: pads.slice(spatial.length) };
}

/** For every window, how many of its taps lie in [from, to). */
function tapCounts({ count, kernel, stride, dilation, begin }: Axis, from: number, to: number): number[] {
  return Array.from({ length: count }, (_, o) => {
    const first = o * stride - begin;
    const lowest = Math.max(0, Math.ceil((from - first) / dilation));
    const highest = Math.min(kernel - 1, Math.ceil((to - first) / dilation) - 1);
    return Math.max(0, highest - lowest + 1);
  });
}

/** Sums over windows along one axis: what each tap sees of the pixels, 0 where it sees the padding. Taps that see nothing else are left out. */
function sumAlong(b: GraphBuilder, x: Value, axis: number, { n, count, kernel, stride, dilation, begin }: Axis): Value {
  const rank = x.shape.length;
  const one = (v: number) => b.integers([v]);
  const first = Math.max(0, Math.ceil((begin - (count - 1) * stride) / dilation));
  const last = Math.min(kernel - 1, Math.floor((n - 1 + begin) / dilation));
  const terms: Value[] = [];
  for (let tap = first; tap <= last; tap++) {
    const at = tap * dilation - begin;
    const from = Math.max(0, Math.ceil(-at / stride));
    const to = Math.min(count - 1, Math.floor((n - 1 - at) / stride));
    if (from > to) continue;
    const ends = [one(from * stride + at), one(to * stride + at + 1), one(axis), one(stride)];
    const seen = b.op('Slice', [x, ...ends]);
    const pads = Array<number>(2 * rank).fill(0);
    [pads[axis], pads[rank + axis]] = [from, count - 1 - to];
    terms.push(pads.some((v) => v > 0) ? b.op('Pad', [seen, b.integers(pads), b.scalar(0, 'float64')]) : seen);
  }
  if (terms.length > 0) return terms.reduce((sum, term) => b.add(sum, term));
  return b.expand(
    b.scalar(0, 'float64'),
    x.shape.map((d, i) => (i === axis ? count : (d as number))),
  );
}

/** Sums over windows, one axis after another. */
const windowSums = (b: GraphBuilder, x: Value, axes: readonly Axis[]): Value =>
  axes.reduce((sum, axis, i) => sumAlong(b, sum, i + 2, axis), x);

/** The sum of each window over the number of its taps that count. With ceil_mode the last one may reach beyond the padding. */
const averagePool: Lowering = (node, [x], b) => {
  const { axes, ends } = axesOf(node, x!);
  const includePad = intAttribute(node, 'count_include_pad', 0) === 1;
  const perAxis = axes.map((a, i) => (includePad ? tapCounts(a, -a.begin, a.n + ends[i]!) : tapCounts(a, 0, a.n)));
  const counts = axes.map((a) => a.count);
  const shares = tuples(counts).map((at) => 1 / at.reduce((p, o, i) => p * perAxis[i]![o]!, 1));
  const share = b.constant(tensor('float64', [1, 1, ...counts], Float64Array.from(shares)));
  return b.mul(windowSums(b, x!, axes), share);
};

const pixelAxes = (x: Value) => x.shape.slice(2).map((_, i) => i + 2);

const absolutePower = (b: GraphBuilder, x: Value, p: number) => b.op('Pow', [b.op('Abs', [x]), b.scalar(p, 'float64')]);

/** (sum of |x|^p)^(1/p) over the taps. */
const lpPool: Lowering = (node, [x], b) => {
  const p = intAttribute(node, 'p', 2);
  return b.op('Pow', [windowSums(b, absolutePower(b, x!, p), axesOf(node, x!).axes), b.scalar(1 / p, 'float64')]);
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
