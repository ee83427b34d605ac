import { roundToEven } from './float16.ts';
import { type Dim, intAttribute, type Node } from './graph.ts';
import { fail, type Inferred } from './inference/rule.ts';
import { sizeOf, type TensorData, tensor, tensorOf, toNumbers } from './tensor.ts';

/**
 * What small tensors become when a node is carried out here instead of by ONNX Runtime. Only operators whose result is
 * exact (or the correctly rounded one) are in the table, so folding never changes a number.
 * An evaluator gets the operands as plain numbers and returns the elements of each output.
 */
export interface Operand {
  readonly shape: readonly number[];
  readonly dtype: TensorData['dtype'];
  readonly data: readonly number[];
}
type Evaluator = (node: Node, inputs: readonly (Operand | undefined)[], outputs: readonly Inferred[]) => number[][];
type Index = readonly number[];

const isInteger = (o: Pick<Operand, 'dtype'> | undefined) => o !== undefined && /^(u?int|bool)/.test(o.dtype);

function flatIndex(index: Index, shape: Index): number {
  return index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);
}

/** Every index of an array of this shape, last axis fastest. */
function indicesOf(shape: readonly Dim[]): number[][] {
  let all: number[][] = [[]];
  for (const d of shape) all = all.flatMap((head) => Array.from({ length: d as number }, (_, i) => [...head, i]));
  return all;
}

/** The element of `o` that broadcasts to `index` of a result of higher rank. */
function broadcastAt(o: Operand, index: Index): number {
  const tail = index.slice(index.length - o.shape.length);
  return o.data[
    flatIndex(
      tail.map((i, axis) => (o.shape[axis] === 1 ? 0 : i)),
      o.shape,
    )
  ]!;
}

const elementwise =
  (f: (values: number[], integers: boolean) => number): Evaluator =>
  (_, inputs, outputs) => {
    const operands = inputs as readonly Operand[];
    const integers = isInteger(operands[0]);
    return [
      indicesOf(outputs[0]!.shape).map((i) =>
        f(
          operands.map((o) => broadcastAt(o, i)),
          integers,
        ),
      ),
    ];
  };

/** An operator that only moves elements of its first input: for an index of the result, the one it comes from. */
const moving =
  (
    source: (node: Node, inputs: readonly (Operand | undefined)[], shape: Index) => (index: Index) => Index,
  ): Evaluator =>
  (node, inputs, outputs) => {
    const x = inputs[0]!;
    const shape = outputs[0]!.shape as Index;
    const from = source(node, inputs, shape);
    return [indicesOf(shape).map((i) => x.data[flatIndex(from(i), x.shape)]!)];
  };

const unmoved: Evaluator = (_, inputs) => [[...inputs[0]!.data]];
const wrap = (i: number, size: number) => (i < 0 ? i + size : i);

const transpose = moving((node, [x]) => {
  const perm = node.attributes.perm?.value as Index | undefined;
  const rank = x!.shape.length;
  return (i) => x!.shape.map((_, axis) => i[perm ? perm.indexOf(axis) : rank - 1 - axis]!);
});

const slice = moving((_, inputs) => {
  const [x, starts, , axes, steps] = inputs as readonly Operand[];
  const start = x!.shape.map(() => 0);
  const step = x!.shape.map(() => 1);
  starts!.data.forEach((s, k) => {
    const axis = wrap(axes?.data[k] ?? k, x!.shape.length);
    const n = x!.shape[axis]!;
    step[axis] = steps?.data[k] ?? 1;
    start[axis] = Math.min(Math.max(wrap(s, n), 0), step[axis]! > 0 ? n : n - 1);
  });
  return (i) => i.map((v, axis) => start[axis]! + v * step[axis]!);
});

const gather = moving((node, inputs) => {
  const [x, indices] = inputs as [Operand, Operand];
  const axis = wrap(intAttribute(node, 'axis', 0), x.shape.length);
  const depth = indices.shape.length;
  return (i) => [
    ...i.slice(0, axis),
    wrap(indices.data[flatIndex(i.slice(axis, axis + depth), indices.shape)]!, x.shape[axis]!),
    ...i.slice(axis + depth),
  ];
});

const expand = moving((_, [x]) => (i) => {
  const tail = i.slice(i.length - x!.shape.length);
  return tail.map((v, axis) => (x!.shape[axis] === 1 ? 0 : v));
});

const tile = moving(
  (_, [x]) =>
    (i) =>
      i.map((v, axis) => v % x!.shape[axis]!),
);

const concat: Evaluator = (node, inputs, outputs) => {
  const parts = inputs as readonly Operand[];
  const axis = wrap(intAttribute(node, 'axis', 0), parts[0]!.shape.length);
  const element = (index: Index): number => {
    let at = index[axis]!;
    for (const part of parts) {
      if (at < part.shape[axis]!) {
        return part.data[
          flatIndex(
            index.map((v, j) => (j === axis ? at : v)),
            part.shape,
          )
        ]!;
      }
      at -= part.shape[axis]!;
    }
    return 0;
  };
  return [indicesOf(outputs[0]!.shape).map(element)];
};

const split: Evaluator = (node, [x], outputs) => {
  const axis = wrap(intAttribute(node, 'axis', 0), x!.shape.length);
  let start = 0;
  return outputs.map(({ shape }) => {
    const from = start;
    start += shape[axis] as number;
    return indicesOf(shape).map(
      (i) =>
        x!.data[
          flatIndex(
            i.map((v, j) => (j === axis ? v + from : v)),
            x!.shape,
          )
        ]!,
    );
  });
};

/** Reduces over the axes given, or all of them. */
const reduce =
  (f: (a: number, b: number) => number, start: number): Evaluator =>
  (node, [x, given], outputs) => {
    if (!given?.data.length && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [[...x!.data]];
    const all = x!.shape.map((_, i) => i);
    const axes = given?.data.length ? given.data.map((a) => wrap(a, all.length)) : all;
    const kept = x!.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const result = Array<number>(sizeOf(outputs[0]!.shape as Index)).fill(start);
    indicesOf(x!.shape).forEach((index, flat) => {
      const to = flatIndex(
        index.map((v, i) => (axes.includes(i) ? 0 : v)),
        kept,
      );
      result[to] = f(result[to]!, x!.data[flat]!);
    });
    return [result];
  };

/** Exact for integers and booleans only: the order of a float sum is ONNX Runtime's business. */
const integersOnly =
  (inner: Evaluator): Evaluator =>
  (node, inputs, outputs) =>
    isInteger(inputs[0]) ? inner(node, inputs, outputs) : [];

const constantOfShape: Evaluator = (node, _, outputs) => {
  const value = node.attributes.value;
  const fill = value?.type === 'tensor' ? toNumbers(value.value)[0]! : 0;
  return [Array<number>(sizeOf(outputs[0]!.shape as Index)).fill(fill)];
};

const range: Evaluator = (_, [start, , delta], outputs) => [
  Array.from({ length: outputs[0]!.shape[0] as number }, (_, i) => start!.data[0]! + i * delta!.data[0]!),
];

const nonZero: Evaluator = (_, [x]) => {
  const found = indicesOf(x!.shape).filter((_, flat) => x!.data[flat] !== 0);
  return [x!.shape.flatMap((_, axis) => found.map((i) => i[axis]!))];
};

const trilu: Evaluator = (node, [x, k], outputs) => {
  const upper = intAttribute(node, 'upper', 1) === 1;
  const diagonal = k?.data[0] ?? 0;
  const keep = (i: Index) => (upper ? i.at(-1)! - i.at(-2)! >= diagonal : i.at(-1)! - i.at(-2)! <= diagonal);
  return [indicesOf(outputs[0]!.shape).map((i, flat) => (keep(i) ? x!.data[flat]! : 0))];
};

/** Integer Mod takes the sign of the divisor, `fmod` that of the dividend. */
const mod: Evaluator = (node, inputs, outputs) => {
  const fmod = intAttribute(node, 'fmod', 0) === 1;
  return elementwise(([a, b]) => (fmod ? a! % b! : a! - Math.floor(a! / b!) * b!))(node, inputs, outputs);
};

/** Casting a float to an integer truncates; to bool asks whether it is not zero. */
const cast: Evaluator = (_, [x], [out]) => {
  if (out!.dtype === 'bool') return [x!.data.map((v) => (v === 0 ? 0 : 1))];
  return [isInteger(out) ? x!.data.map(Math.trunc) : [...x!.data]];
};

const truth = (b: boolean) => (b ? 1 : 0);

const evaluators: Readonly<Record<string, Evaluator>> = {
  Add: elementwise(([a, b]) => a! + b!),
  Sub: elementwise(([a, b]) => a! - b!),
  Mul: elementwise(([a, b]) => a! * b!),
  // The remainder first: a quotient may be rounded up to the next whole number.
  Div: elementwise(([a, b], integers) => (integers ? (a! - (a! % b!)) / b! : a! / b!)),
  Mod: mod,
  Min: elementwise((v) => v.reduce((a, b) => Math.min(a, b))),
  Max: elementwise((v) => v.reduce((a, b) => Math.max(a, b))),
  Neg: elementwise(([a]) => -a!),
  Abs: elementwise(([a]) => Math.abs(a!)),
  Floor: elementwise(([a]) => Math.floor(a!)),
  Ceil: elementwise(([a]) => Math.ceil(a!)),
  Round: elementwise(([a]) => roundToEven(a!)),
  Sqrt: elementwise(([a]) => Math.sqrt(a!)),
  Equal: elementwise(([a, b]) => truth(a === b)),
  Less: elementwise(([a, b]) => truth(a! < b!)),
  LessOrEqual: elementwise(([a, b]) => truth(a! <= b!)),
  Greater: elementwise(([a, b]) => truth(a! > b!)),
  GreaterOrEqual: elementwise(([a, b]) => truth(a! >= b!)),
  And: elementwise(([a, b]) => a! & b!),
  Or: elementwise(([a, b]) => a! | b!),
  Xor: elementwise(([a, b]) => a! ^ b!),
  Not: elementwise(([a]) => 1 - a!),
  Where: elementwise(([c, a, b]) => (c ? a! : b!)),
  Cast: cast,
  CastLike: cast,
  Reshape: unmoved,
  Flatten: unmoved,
  Squeeze: unmoved,
  Unsqueeze: unmoved,
  Transpose: transpose,
  Slice: slice,
  Gather: gather,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  ReduceSum: integersOnly(reduce((a, b) => a + b, 0)),
  ReduceProd: integersOnly(reduce((a, b) => a * b, 1)),
  ReduceMax: integersOnly(reduce(Math.max, Number.NEGATIVE_INFINITY)),
  ReduceMin: integersOnly(reduce(Math.min, Number.POSITIVE_INFINITY)),
  ConstantOfShape: constantOfShape,
  Range: integersOnly(range),
  NonZero: nonZero,
  Trilu: trilu,
};

/** Whether `evaluate` knows the operator. */
export function canEvaluate(node: Pick<Node, 'opType' | 'domain'>): boolean {
  return node.domain === '' && Object.hasOwn(evaluators, node.opType);
}

/** Operators that hand elements on as they are. */
const handOn = new Set(
  'Reshape Flatten Squeeze Unsqueeze Transpose Slice Gather Expand Tile Concat Split Where Cast'.split(' '),
);

const int64Limits = [2n ** 63n - 1n, -(2n ** 63n)];

/** Whether every element is the number that `toNumbers` gives, or one of the limits, which come back from being handed on. */
function isExact(t: TensorData, handedOn: boolean): boolean {
  if (t.dtype !== 'int64') return true;
  return (t.data as BigInt64Array).every(
    (v) => Number.isSafeInteger(Number(v)) || (handedOn && int64Limits.includes(v)),
  );
}

const ranges: Readonly<Partial<Record<TensorData['dtype'], readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
};

/** Whether a float that is cast to an integer has one; what becomes of others is the processor's business. */
function fits(values: readonly number[], dtype: TensorData['dtype']): boolean {
  const [low, high] = ranges[dtype] ?? [-(2 ** 63), 2 ** 63 - 1];
  return values.every((v) => v >= low && v <= high);
}

/**
 * The outputs of a node whose inputs are all known. `outputs` are their inferred types and static shapes.
 * undefined when the result would not be exact: float reductions, integers beyond 2^53, floats that no integer stands for.
 */
export function evaluate(
  node: Node,
  inputs: readonly (TensorData | undefined)[],
  outputs: readonly Inferred[],
): readonly TensorData[] | undefined {
  const handedOn = handOn.has(node.opType);
  // Where a slice begins and ends is clamped to its axis, so that any number far beyond says the same: PyTorch reverses up to -(2^63 - 1).
  const clamped = (i: number) => node.opType === 'Slice' && (i === 1 || i === 2);
  if (inputs.some((t, i) => t && !clamped(i) && !isExact(t, handedOn))) return undefined;
  const operands = inputs.map((t) => t && { shape: t.shape, dtype: t.dtype, data: toNumbers(t) });
  const results = evaluators[node.opType]!(node, operands, outputs);
  if (results.length === 0) return undefined;
  // An index outside its axis reads nothing. A float that no integer stands for is left to ONNX Runtime.
  if (results.some((values) => values.includes(undefined as never))) fail(node, 'an index is out of range');
  if (outputs.some((o, i) => isInteger(o) && !results[i]!.every(Number.isFinite))) return undefined;
  if (!handedOn && results.some((values, i) => isInteger(outputs[i]) && !values.every(Number.isSafeInteger)))
    return undefined;
  const cast = node.opType === 'Cast' && !isInteger(inputs[0]) && outputs[0]!.dtype !== 'bool';
  if (cast && isInteger(outputs[0]) && !fits(results[0]!, outputs[0]!.dtype)) return undefined;
  return outputs.map(({ dtype, shape }, i) => toTensor(dtype, shape as readonly number[], results[i]!));
}

/** Numbers beyond the range of int64 (2^63 stands for "to the end" in slices) become its limits. */
function toTensor(dtype: TensorData['dtype'], shape: Index, values: readonly number[]): TensorData {
  if (dtype !== 'int64') return tensorOf(dtype, shape, values);
  const [highest, lowest] = int64Limits as [bigint, bigint];
  const clamp = (v: bigint) => (v > highest ? highest : v < lowest ? lowest : v);
  return tensor(
    dtype,
    shape,
    BigInt64Array.from(values, (v) => clamp(BigInt(v))),
  );
}
