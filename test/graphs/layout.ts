import { sizeOf, staticShape, tensorOf, type Value } from '../../src/onnx/index.ts';
import type { Operator, Operators, Soil } from './grow.ts';

const ranked = (rank: number) => (v: Value) => v.shape.length >= rank;

function axisOf(s: Soil, v: Value): number {
  return s.choose(v.shape.length);
}

/** Different axes, at least one. */
function axesOf(s: Soil, v: Value): number[] {
  const first = axisOf(s, v);
  return [first, ...staticShape(v).flatMap((_, i) => (i !== first && s.choose(2) ? [i] : []))];
}

/** Whole numbers below `n` in this shape, some of them negative. */
function indices(s: Soil, shape: readonly number[], n: number): Value {
  const [offset, sign] = [s.choose(n), s.choose(2)];
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => ((5 * i + offset) % n) - (sign && i % 2 ? n : 0));
  return s.b.constant(tensorOf('int64', shape, values));
}

const reduction =
  (op: string, growth: (n: number) => number, prepare: (s: Soil, v: Value) => Value = (_, v) => v): Operator =>
  (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axes = axesOf(s, v);
    const n = axes.reduce((p, i) => p * staticShape(v)[i]!, 1);
    const given = s.choose(4) ? s.b.integers(axes) : null;
    const value = s.b.op(op, [prepare(s, v), given], { keepdims: s.choose(2) });
    return { value, size: growth(given ? n : sizeOf(staticShape(v))) * s.sizeOf(v) };
  };

const positive = (s: Soil, v: Value) => s.positive(v);

export const reductionOperators: Operators = {
  ReduceSum: reduction('ReduceSum', (n) => n),
  ReduceMean: reduction('ReduceMean', () => 1),
  ReduceMax: reduction('ReduceMax', () => 1),
  ReduceMin: reduction('ReduceMin', () => 1),
  ReduceProd: reduction(
    'ReduceProd',
    (n) => (n > 3 ? 9 : 2),
    (s, v) => s.bounded(v),
  ),
  ReduceSumSquare: reduction('ReduceSumSquare', (n) => 2 * n),
  ReduceL1: reduction('ReduceL1', (n) => n),
  ReduceL2: reduction('ReduceL2', (n) => n, positive),
  ReduceLogSum: reduction('ReduceLogSum', () => 4, positive),
  ReduceLogSumExp: reduction('ReduceLogSumExp', () => 4),
};

export const layoutOperators: Operators = {
  Reshape: (s) => {
    const v = s.pick();
    if (!v) return undefined;
    const n = sizeOf(staticShape(v));
    const divisor = [2, 3, 4, 5].filter((d) => n % d === 0)[s.choose(4)];
    return s.b.reshape(
      v,
      divisor ? s.oneOf([divisor, -1], [1, -1, divisor], [-1, divisor, 1]) : s.oneOf([-1], [1, -1]),
    );
  },
  Flatten: (s) => {
    const v = s.pick(ranked(1));
    return v && s.b.op('Flatten', [v], { axis: axisOf(s, v) });
  },
  Squeeze: (s) => {
    const v = s.pick((x) => x.shape.includes(1));
    return v && s.b.op('Squeeze', [v, s.choose(2) ? s.b.integers([v.shape.indexOf(1)]) : null]);
  },
  Unsqueeze: (s) => {
    const v = s.pick();
    return v && s.b.op('Unsqueeze', [v, s.b.integers([s.choose(v.shape.length + 1)])]);
  },
  Transpose: (s) => {
    const v = s.pick(ranked(2));
    if (!v) return undefined;
    const perm = v.shape.map((_, i) => i);
    for (let i = perm.length - 1; i > 0; i--) {
      const j = s.choose(i + 1);
      [perm[i], perm[j]] = [perm[j]!, perm[i]!];
    }
    return s.b.transpose(v, perm);
  },
  Slice: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    const n = staticShape(v)[axis]!;
    const step = s.oneOf(1, 2, -1, -2, 3);
    const start = s.choose(n);
    const sliced = s.b.slice(v, axis, step > 0 ? start : start - n, step > 0 ? n + s.choose(3) : -n - 1, step);
    return { value: sliced, size: s.sizeOf(v) };
  },
  Concat: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    const fits = (x: Value) =>
      x.shape.length === v.shape.length && x.shape.every((d, i) => i === axis || d === v.shape[i]);
    const others = Array.from({ length: 1 + s.choose(2) }, () => s.pick(fits)!);
    return { value: s.b.concat([v, ...others], axis), size: Math.max(...[v, ...others].map((x) => s.sizeOf(x))) };
  },
  Split: (s) => {
    const v = s.pick((x) => x.shape.some((d) => (d as number) > 1));
    if (!v) return undefined;
    const axis = v.shape.findLastIndex((d) => (d as number) > 1);
    const n = staticShape(v)[axis]!;
    const first = 1 + s.choose(n - 1);
    const parts = s.b.ops('Split', [v, s.b.integers([first, n - first])], { axis }, { outputs: 2 });
    return s.choose(2) ? parts : parts[s.choose(2)];
  },
  Pad: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const mode = s.oneOf('constant', 'reflect', 'edge', 'wrap');
    const room = staticShape(v).map((n) => (mode === 'constant' ? s.choose(3) : s.choose(Math.min(n, 3))));
    return s.b.op('Pad', [v, s.b.integers([...room, ...room])], { mode });
  },
  Expand: (s) => {
    const v = s.pick();
    return (
      v && s.b.expand(v, [...(s.choose(3) ? [] : [2]), ...staticShape(v).map((d) => (d === 1 ? 1 + s.choose(3) : d))])
    );
  },
  Tile: (s) => {
    const v = s.pick(ranked(1));
    return v && s.b.op('Tile', [v, s.b.integers(v.shape.map(() => 1 + s.choose(2)))]);
  },
  Trilu: (s) => {
    const v = s.pick(ranked(2));
    return v && s.b.op('Trilu', [v, s.b.scalar(s.choose(3) - 1, 'int64')], { upper: s.choose(2) });
  },
  Gather: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    return s.b.op('Gather', [v, indices(s, s.oneOf([], [1], [3], [2, 2]), staticShape(v)[axis]!)], { axis });
  },
  GatherElements: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    const shape = staticShape(v).map((d, i) => (i === axis ? 1 + s.choose(4) : d));
    return s.b.op('GatherElements', [v, indices(s, shape, staticShape(v)[axis]!)], { axis });
  },
  GatherND: (s) => {
    const v = s.pick(ranked(2));
    if (!v) return undefined;
    const batch_dims = s.choose(2);
    const [n, next] = staticShape(v) as [number, number];
    const depth = batch_dims ? 1 : 1 + s.choose(2);
    const lead = batch_dims ? [n] : [];
    return s.b.op('GatherND', [v, indices(s, [...lead, 2, depth], batch_dims ? next : Math.min(n, next))], {
      batch_dims,
    });
  },
  ScatterElements: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    const n = staticShape(v)[axis]!;
    const count = 1 + s.choose(n);
    const shape = staticShape(v).map((d, i) => (i === axis ? count : d));
    const updates = s.pick((x) => x.shape.length === shape.length && shape.every((d, i) => d === x.shape[i]));
    const reduction = s.oneOf('none', 'add');
    // 5 i mod n goes through every position once where n is no multiple of 5; elsewhere updates are added up.
    const unique = reduction === 'add' || shape.every((d, i) => i === axis || d === 1);
    if (!unique || n % 5 === 0) return undefined;
    const inputs = [v, indices(s, shape, n), updates ?? s.numbers(shape)];
    return { value: s.b.op('ScatterElements', inputs, { axis, reduction }), size: s.sizeOf(v) + 4 };
  },
  ScatterND: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const [n, ...rest] = staticShape(v) as [number, ...number[]];
    if (n % 5 === 0) return undefined;
    const shape = [1 + s.choose(n), ...rest];
    const updates = s.pick((x) => x.shape.length === shape.length && shape.every((d, i) => d === x.shape[i]));
    const inputs = [v, indices(s, [shape[0]!, 1], n), updates ?? s.numbers(shape)];
    return { value: s.b.op('ScatterND', inputs, { reduction: s.oneOf('none', 'add') }), size: s.sizeOf(v) + 1 };
  },
  TopK: (s) => {
    const v = s.pick(ranked(1));
    if (!v) return undefined;
    const axis = axisOf(s, v);
    const k = 1 + s.choose(staticShape(v)[axis]!);
    return s.b.op('TopK', [v, s.b.integers([k])], { axis, largest: s.choose(2) });
  },
  DepthToSpace: (s) => {
    const v = s.pick((x) => x.shape.length === 4 && (x.shape[1] as number) % 4 === 0);
    return v && s.b.op('DepthToSpace', [v], { blocksize: 2, mode: s.oneOf('DCR', 'CRD') });
  },
  SpaceToDepth: (s) => {
    const v = s.pick((x) => x.shape.length === 4 && [2, 3].every((i) => (x.shape[i] as number) % 2 === 0));
    return v && s.b.op('SpaceToDepth', [v], { blocksize: 2 });
  },
};
