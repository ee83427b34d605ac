import { intAttribute, intsAttribute, staticShape, stringAttribute, type Value } from '../../onnx/index.ts';
import { padBy } from '../rearrange.ts';
import { alongAxis, bandMatrix, transposedMatrix } from '../separable.ts';
import {
  integersOf,
  linearInFirst,
  type Rule,
  type TangentContext,
  type TransposeContext,
  unbroadcast,
  zeros,
} from './rule.ts';

/** Operators that move, repeat or drop elements: all of them are linear. */

/** The tangent of anything that only relabels elements is a reshape to the shape of the result. */
const reshape: Rule = {
  tangent: (c) => c.b.reshape(c.t(0)!, c.shapeOf(c.y)),
  transpose: (c) => [c.b.reshape(c.cotangents[0]!, staticShape(c.inputs[0]!)), null],
};

const transpose: Rule = {
  tangent: (c) => c.b.transpose(c.t(0)!, permOf(c)),
  transpose: (c) => {
    const perm = intsAttribute(c.node, 'perm')!;
    const inverse = perm.map((_, i) => perm.indexOf(i));
    return [c.b.transpose(c.cotangents[0]!, inverse)];
  },
};

function permOf(c: TangentContext): readonly number[] {
  const rank = c.x(0).shape.length;
  const perm = intsAttribute(c.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (c.batched && perm[0] !== 0) c.fail('moves the batch axis, which holds the tangent vectors');
  return perm;
}

interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
}

/** First element and step along each sliced axis, with negative and open ends resolved. */
function rangesOf(c: TransposeContext): SliceRange[] {
  const shape = staticShape(c.inputs[0]!);
  const read = (i: number) => integersOf(c.b, c.node, c.inputs[i] ?? null);
  const starts = read(1)!;
  const axes = read(3) ?? starts.map((_, i) => i);
  const steps = read(4) ?? starts.map(() => 1);
  return starts.map((s, i) => {
    const axis = axes[i]! < 0 ? axes[i]! + shape.length : axes[i]!;
    const n = shape[axis]!;
    const step = steps[i]!;
    const start = Math.min(Math.max(s < 0 ? s + n : s, 0), step > 0 ? n : n - 1);
    return { axis, start, step };
  });
}

const slice: Rule = {
  tangent: (c) => {
    const rank = c.x(0).shape.length;
    const axes = c.integers(3) ?? c.integers(1)!.map((_, i) => i);
    const [before, after] = [staticShape(c.x(0)), staticShape(c.y)];
    const steps = c.integers(4) ?? axes.map(() => 1);
    axes.forEach((a, i) => {
      const axis = a < 0 ? a + rank : a;
      // A slice that keeps the whole batch axis, as exporters write for x[:, ...], does nothing there.
      if (axis !== 0 || before[0] !== after[0] || steps[i] !== 1) c.axis(axis);
    });
    if (!c.batched) return linearInFirst(c);
    const kept = axes.flatMap((a, i) => ((a < 0 ? a + rank : a) === 0 ? [] : [i]));
    if (kept.length === 0) return c.t(0);
    const only = (values: readonly number[]) => c.b.integers(kept.map((i) => values[i]!));
    return c.b.op('Slice', [c.t(0), only(c.integers(1)!), only(c.integers(2)!), only(axes), only(steps)]);
  },
  transpose: (c) => {
    const { b } = c;
    const shape = staticShape(c.inputs[0]!);
    const ranges = rangesOf(c);
    let ct = c.cotangents[0]!;
    if (staticShape(ct).includes(0)) return [zeros(b, ct.dtype, shape)];
    const backward = ranges.filter((r) => r.step < 0);
    for (const { axis } of backward) ct = b.slice(ct, axis, -1, -staticShape(ct)[axis]! - 1, -1);
    // Each axis now runs forward from `first` in steps; zeros go between its elements, then around them.
    const counts = staticShape(ct);
    const steps = shape.map(() => 1);
    const firsts = shape.map(() => 0);
    for (const { axis, start, step } of ranges) {
      steps[axis] = Math.abs(step);
      firsts[axis] = step > 0 ? start : start + (counts[axis]! - 1) * step;
    }
    const spread = interleaveZeros(c, ct, steps);
    const ends = shape.map((n, i) => n - firsts[i]! - staticShape(spread)[i]!);
    return [padBy(b, spread, firsts, ends), null, null, null, null];
  },
};

/** Puts steps[i] - 1 zeros after each element along axis i. */
function interleaveZeros(c: TransposeContext, v: Value, steps: readonly number[]): Value {
  const { b } = c;
  if (steps.every((s) => s === 1)) return v;
  const shape = staticShape(v);
  const split = shape.flatMap((d, i) => (steps[i] === 1 ? [d] : [d, 1]));
  const room = shape.flatMap((_, i) => (steps[i] === 1 ? [0] : [0, steps[i]! - 1]));
  const padded = padBy(b, b.reshape(v, split), Array<number>(split.length).fill(0), room);
  return b.reshape(
    padded,
    shape.map((d, i) => d * steps[i]!),
  );
}

const concat: Rule = {
  tangent: (c) => {
    const axis = c.axis(intAttribute(c.node, 'axis', 0));
    const parts = c.tangents.map((t, i) => t ?? zeros(c.b, c.y.dtype, c.shapeOf(c.x(i))));
    return c.b.concat(parts, axis);
  },
  transpose: (c) => {
    const { b } = c;
    const rank = c.inputs[0]!.shape.length;
    const given = intAttribute(c.node, 'axis', 0);
    const axis = given < 0 ? given + rank : given;
    const sizes = c.inputs.map((v) => staticShape(v!)[axis]!);
    const ct = c.cotangents[0]!;
    if (c.linear.every(Boolean)) {
      return sizes.length === 1 ? [ct] : b.ops('Split', [ct, b.integers(sizes)], { axis }, { outputs: sizes.length });
    }
    let start = 0;
    return sizes.map((size, i) => {
      const part = c.linear[i] ? b.slice(ct, axis, start, start + size) : null;
      start += size;
      return part;
    });
  },
};

const split: Rule = {
  tangent: (c) => {
    c.axis(intAttribute(c.node, 'axis', 0));
    return linearInFirst(c);
  },
  transpose: (c) => {
    const parts = c.node.outputs.map((v, i) => c.cotangents[i] ?? zeros(c.b, v.dtype, staticShape(v)));
    const given = intAttribute(c.node, 'axis', 0);
    return [c.b.concat(parts, given < 0 ? given + parts[0]!.shape.length : given), null];
  },
};

/** Begin and end pads of every axis. */
function padsOf(rank: number, pads: readonly number[], axes: readonly number[] | undefined): [number[], number[]] {
  const [begins, ends] = [Array<number>(rank).fill(0), Array<number>(rank).fill(0)];
  const which = axes ?? begins.map((_, i) => i);
  which.forEach((a, i) => {
    const axis = a < 0 ? a + rank : a;
    begins[axis] = pads[i]!;
    ends[axis] = pads[which.length + i]!;
  });
  return [begins, ends];
}

const pad: Rule = {
  tangent: (c) => {
    const [begins, ends] = padsOf(c.x(0).shape.length, c.integers(1)!, c.integers(3));
    if (begins[0] !== 0 || ends[0] !== 0) c.axis(0);
    if (c.t(2)) c.fail('the padding value depends on an active value');
    const mode = stringAttribute(c.node, 'mode', 'constant');
    return mode === 'constant' ? padBy(c.b, c.t(0)!, begins, ends) : linearInFirst(c);
  },
  transpose: (c) => {
    const { b, node } = c;
    const shape = staticShape(c.inputs[0]!);
    const [begins, ends] = padsOf(
      shape.length,
      integersOf(b, node, c.inputs[1]!)!,
      integersOf(b, node, c.inputs[3] ?? null),
    );
    const mode = stringAttribute(node, 'mode', 'constant');
    const ct = c.cotangents[0]!;
    const back = (v: readonly number[]) => v.map((p) => -p);
    if (mode === 'constant') return [padBy(b, ct, back(begins), back(ends)), null, null, null];
    // Reflected, repeated and wrapped borders: each axis on its own is a 0/1 matrix.
    const sum = shape.reduce((v, n, axis) => {
      if (begins[axis] === 0 && ends[axis] === 0) return v;
      const matrix = bandMatrix(v.dtype, n + begins[axis]! + ends[axis]!, n, (i) => [
        [borderSource(mode, i - begins[axis]!, n), 1],
      ]);
      return alongAxis(b, v, axis, transposedMatrix(matrix));
    }, ct);
    return [sum, null, null, null];
  },
};

/** Which of n elements stands at position i, that may lie outside. */
function borderSource(mode: string, i: number, n: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), n - 1);
  if (mode === 'wrap') return ((i % n) + n) % n;
  const period = Math.max(1, 2 * (n - 1));
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
}

const expand: Rule = {
  tangent: (c) => c.fit(c.t(0)!),
  transpose: (c) => [unbroadcast(c.b, c.cotangents[0]!, staticShape(c.inputs[0]!)), null],
};

const tile: Rule = {
  tangent: (c) => {
    if (c.integers(1)![0] !== 1) c.axis(0);
    return linearInFirst(c);
  },
  transpose: (c) => {
    const { b, node } = c;
    const shape = staticShape(c.inputs[0]!);
    const repeats = integersOf(b, node, c.inputs[1]!)!;
    const copies = b.reshape(
      c.cotangents[0]!,
      shape.flatMap((d, i) => [repeats[i]!, d]),
    );
    const axes = repeats.flatMap((r, i) => (r === 1 ? [] : [2 * i]));
    return [b.reshape(b.reduceSum(copies, axes), shape), null];
  },
};

/** Blocks of channels to blocks of pixels; `mode` says which factor of the channels is the outer one. */
const depthToSpace: Rule = {
  tangent: linearInFirst,
  transpose: (c) => {
    const { b, node } = c;
    const shape = staticShape(c.inputs[0]!);
    const [n, channels, height, width] = shape as [number, number, number, number];
    const size = intAttribute(node, 'blocksize', 1);
    if (stringAttribute(node, 'mode', 'DCR') === 'DCR')
      return [b.op('SpaceToDepth', [c.cotangents[0]!], { blocksize: size })];
    const blocks = b.reshape(c.cotangents[0]!, [n, channels / size ** 2, height, size, width, size]);
    return [b.reshape(b.transpose(blocks, [0, 1, 3, 5, 2, 4]), shape)];
  },
};

const spaceToDepth: Rule = {
  tangent: linearInFirst,
  transpose: (c) => {
    const blocksize = intAttribute(c.node, 'blocksize', 1);
    return [c.b.op('DepthToSpace', [c.cotangents[0]!], { blocksize, mode: 'DCR' })];
  },
};

/** Keeps a triangle of each matrix. */
const trilu: Rule = {
  tangent: (c) => {
    if (c.x(0).shape.length === 2) c.axis(0);
    return linearInFirst(c);
  },
  transpose: (c) => {
    const upper = intAttribute(c.node, 'upper', 1);
    return [c.b.op('Trilu', [c.cotangents[0]!, ...c.inputs.slice(1)], { upper }), null];
  },
};

export const layoutRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Split: split,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
};
