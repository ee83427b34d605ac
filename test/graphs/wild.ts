import { dtypes, sizeOf, staticShape, tensorOf, type Value } from '../../src/onnx/index.ts';
import type { Operator, Operators, Soil } from './grow.ts';

/**
 * Operators as a hostile or merely odd file may hold them: integers that are divided by 0, windows that do not fit, indices beyond the end,
 * axes without elements. Whatever passes the reader may be refused by ONNX Runtime, but never end the process.
 */

const integerTypes = ['int64', 'int32', 'int16', 'int8', 'uint8'] as const;

function integersOf(s: Soil): Value | undefined {
  const dtype = s.oneOf(...integerTypes);
  return s.pick(() => true, dtype) ?? toIntegers(s, dtype);
}

function toIntegers(s: Soil, dtype: (typeof integerTypes)[number]): Value | undefined {
  const v = s.pick();
  return v && s.b.cast(s.b.scale(v, s.oneOf(1, 3, 100, 1e30)), dtype);
}

const integerBinary =
  (op: string): Operator =>
  (s) => {
    const x = integersOf(s);
    if (!x) return undefined;
    const known = s.b.constant(tensorOf(x.dtype, [], [s.oneOf(0, 1, 2, x.dtype === 'uint8' ? 3 : -1)]));
    const w = s.choose(2) ? s.pick(() => true, x.dtype) : known;
    return s.b.op(op, [x, w ?? known], op === 'Mod' ? { fmod: s.choose(2) } : {});
  };

/** A small number, now and then a large or a negative one. */
const odd = (s: Soil) => s.oneOf(1, 2, 3, 0, 1, 2, 5, -1, 17, 1000);
const list = (s: Soil, n: number, draw: (s: Soil) => number = odd) => Array.from({ length: n }, () => draw(s));

const window =
  (op: string): Operator =>
  (s) => {
    const v = s.pick((x) => x.shape.length > 2);
    if (!v) return undefined;
    const rank = v.shape.length - 2;
    const attributes = {
      kernel_shape: list(s, rank),
      pads: list(s, 2 * rank),
      strides: list(s, rank),
      dilations: list(s, rank),
      ceil_mode: s.choose(2),
      ...(s.choose(3) ? {} : { auto_pad: s.oneOf('SAME_UPPER', 'SAME_LOWER', 'VALID') }),
    };
    return s.choose(2) && op === 'MaxPool' ? s.b.ops(op, [v], attributes, { outputs: 2 }) : s.b.op(op, [v], attributes);
  };

const convolution =
  (op: string): Operator =>
  (s) => {
    const v = s.pick((x) => x.shape.length > 2);
    if (!v) return undefined;
    const rank = v.shape.length - 2;
    const kernel = list(s, rank, () => s.oneOf(1, 2, 3, 7));
    const channels = staticShape(v)[1]!;
    const group = s.oneOf(1, 2, channels, 3, 0);
    const w = s.numbers(
      op === 'Conv'
        ? [s.oneOf(16, 8, 3), Math.floor(channels / Math.max(group, 1)), ...kernel]
        : [channels, 2, ...kernel],
    );
    const attributes = {
      group,
      pads: list(s, 2 * rank, () => s.oneOf(0, 1, 2, -1, 9)),
      strides: list(s, rank, () => s.oneOf(1, 2, 3, 50)),
      dilations: list(s, rank, () => s.oneOf(1, 2, 4)),
      ...(op === 'Conv' ? {} : { output_padding: list(s, rank, () => s.oneOf(0, 1, 2)) }),
    };
    return s.b.op(op, [v, w], attributes);
  };

const anyAxis = (s: Soil, v: Value) => s.choose(v.shape.length + 2) - 1;

/** Indices made of computed numbers, which nobody can check beforehand. */
function computedIndices(s: Soil): Value | undefined {
  return s.pick((v) => sizeOf(staticShape(v)) < 200, 'int64') ?? toIntegers(s, 'int64');
}

export const wildOperators: Operators = {
  'integer Div': integerBinary('Div'),
  'integer Mod': integerBinary('Mod'),
  'integer Mul': integerBinary('Mul'),
  'integer Sub': integerBinary('Sub'),
  'integer Pow': integerBinary('Pow'),
  'integer Max': integerBinary('Max'),
  BitwiseAnd: integerBinary('BitwiseAnd'),
  Cast: (s) => {
    const v = integersOf(s);
    return (
      v && s.b.op('Cast', [v], { to: dtypes[s.oneOf(...integerTypes, 'float32', 'float64', 'bool', 'float16')].code })
    );
  },
  'back to float': (s) => {
    const v = integersOf(s);
    return v && s.b.cast(v, s.dtype);
  },
  'odd MaxPool': window('MaxPool'),
  'odd AveragePool': window('AveragePool'),
  'odd LpPool': window('LpPool'),
  'odd Conv': convolution('Conv'),
  'odd ConvTranspose': convolution('ConvTranspose'),
  'computed Gather': (s) => {
    const [v, i] = [s.pick(), computedIndices(s)];
    return v && i && s.b.op('Gather', [v, i], { axis: anyAxis(s, v) });
  },
  'computed GatherElements': (s) => {
    const [v, i] = [s.pick(), computedIndices(s)];
    return v && i && s.b.op('GatherElements', [v, i], { axis: anyAxis(s, v) });
  },
  'computed GatherND': (s) => {
    const [v, i] = [s.pick(), computedIndices(s)];
    return v && i && s.b.op('GatherND', [v, i], { batch_dims: s.choose(3) });
  },
  'computed ScatterElements': (s) => {
    const [v, i] = [s.pick(), computedIndices(s)];
    const updates = v && i && s.numbers(staticShape(i));
    return (
      updates &&
      s.b.op('ScatterElements', [v, i, updates], { axis: anyAxis(s, v), reduction: s.oneOf('none', 'add', 'mul') })
    );
  },
  'computed ScatterND': (s) => {
    const [v, i] = [s.pick(), computedIndices(s)];
    const updates =
      v && i && s.numbers([...staticShape(i).slice(0, -1), ...staticShape(v).slice(staticShape(i).at(-1) ?? 0)]);
    return updates && s.b.op('ScatterND', [v, i, updates], { reduction: s.oneOf('none', 'add', 'mul') });
  },
  OneHot: (s) => {
    const i = computedIndices(s);
    return i && s.b.op('OneHot', [i, s.b.scalar(odd(s), 'int64'), s.numbers([2])], { axis: s.choose(4) - 2 });
  },
  'odd CumSum': (s) => {
    const v = s.pick();
    return v && s.b.op('CumSum', [v, s.b.scalar(odd(s), 'int64')]);
  },
  'odd Slice': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && s.b.slice(v, anyAxis(s, v), odd(s), odd(s), s.oneOf(1, -1, 2, 0, 1000));
  },
  'odd Pad': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    const mode = s.oneOf('constant', 'reflect', 'edge', 'wrap');
    return v && s.b.op('Pad', [v, s.b.integers(list(s, 2 * v.shape.length))], { mode });
  },
  'odd Resize': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    if (!v) return undefined;
    const attributes = {
      mode: s.oneOf('nearest', 'linear', 'cubic'),
      coordinate_transformation_mode: s.oneOf(
        'half_pixel',
        'asymmetric',
        'align_corners',
        'tf_crop_and_resize',
        'half_pixel_symmetric',
      ),
      nearest_mode: s.oneOf('floor', 'ceil', 'round_prefer_ceil'),
      antialias: s.choose(2),
    };
    const scales = tensorOf(
      'float32',
      [v.shape.length],
      list(s, v.shape.length, () => s.oneOf(1, 1, 2, 0.3, 0, -1)),
    );
    const sizes = s.b.integers(list(s, v.shape.length));
    return s.b.op('Resize', s.choose(2) ? [v, null, s.b.constant(scales)] : [v, null, null, sizes], attributes);
  },
  'odd TopK': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return (
      v && s.b.ops('TopK', [v, s.b.integers([odd(s)])], { axis: anyAxis(s, v), sorted: s.choose(2) }, { outputs: 2 })
    );
  },
  'odd Split': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && s.b.ops('Split', [v, s.b.integers(list(s, 2))], { axis: anyAxis(s, v) }, { outputs: 2 });
  },
  'odd Reshape': (s) => {
    const v = s.pick();
    return v && s.b.op('Reshape', [v, s.b.integers(list(s, 1 + s.choose(3)))], { allowzero: s.choose(2) });
  },
  'odd Expand': (s) => {
    const v = s.pick();
    return v && s.b.expand(v, list(s, s.choose(5)));
  },
  'odd Tile': (s) => {
    const v = s.pick();
    return v && s.b.op('Tile', [v, s.b.integers(list(s, v.shape.length))]);
  },
  'no elements': (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && s.b.slice(v, s.choose(v.shape.length), 0, 0);
  },
  ArgMax: (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    return v && s.b.op(s.oneOf('ArgMax', 'ArgMin'), [v], { axis: anyAxis(s, v), select_last_index: s.choose(2) });
  },
  'odd GroupNormalization': (s) => {
    const v = s.pick((x) => x.shape.length > 1);
    const groups = odd(s);
    return v && groups > 0
      ? s.b.op('GroupNormalization', [v, s.numbers([groups]), s.numbers([groups])], { num_groups: groups })
      : undefined;
  },
  'odd DepthToSpace': (s) => {
    const v = s.pick((x) => x.shape.length === 4);
    return v && s.b.op(s.oneOf('DepthToSpace', 'SpaceToDepth'), [v], { blocksize: odd(s) });
  },
  'odd LRN': (s) => {
    const v = s.pick((x) => x.shape.length > 2);
    return v && s.b.op('LRN', [v], { size: odd(s) });
  },
};
