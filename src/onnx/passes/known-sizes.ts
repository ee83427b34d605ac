import { type Dim, intAttribute, type Node, type Value } from '../graph.ts';
import { shapeRange } from '../inference/indexing.ts';
import { broadcastShapes } from '../inference/rule.ts';
import { type TensorData, toNumbers } from '../tensor.ts';

/** An element of an integer tensor: a number, an open dimension's name, or nothing known. */
export type Entry = Dim | undefined;

/** Vectors with more entries are no shapes. */
const longest = 256;
const integerTypes = new Set(['int64', 'int32', 'bool']);

/**
 * What is known of integer scalars and vectors when some dimensions are open: exporters write
 * `x.view(x.size(0), -1)` as Shape, Gather, Unsqueeze and Concat, whose result is ["batch", -1]. The rules follow such
 * chains entry by entry; an entry that depends on an open dimension in another way than by copying it is unknown.
 */
export class KnownSizes {
  readonly #constant: (v: Value) => TensorData | undefined;
  readonly #entries = new Map<Value, readonly Entry[]>();

  constructor(constant: (v: Value) => TensorData | undefined) {
    this.#constant = constant;
  }

  /** The entries of a scalar or vector of integers; undefined when nothing is known about them. */
  of(v: Value | null | undefined): readonly Entry[] | undefined {
    if (!v) return undefined;
    const followed = this.#entries.get(v);
    if (followed) return followed;
    const data = integerTypes.has(v.dtype) && v.shape.length < 2 ? this.#constant(v) : undefined;
    return data && toNumbers(data);
  }

  set(v: Value, entries: readonly Entry[]): void {
    this.#entries.set(v, entries);
  }

  /** The entries of the node's only output, when the node is one of a size computation. */
  follow(node: Node): readonly Entry[] | undefined {
    if (node.domain !== '' || !Object.hasOwn(rules, node.opType)) return undefined;
    const entries = rules[node.opType]!(node, (i) => this.of(node.inputs[i]));
    return entries?.some((e) => e !== undefined) ? entries : undefined;
  }
}

type Rule = (node: Node, operand: (i: number) => readonly Entry[] | undefined) => readonly Entry[] | undefined;

/** Same entries; the shape is a matter of rank 0 or 1 only. */
const copy: Rule = (_, operand) => operand(0);

const shapeOf: Rule = (node) => {
  const shape = node.inputs[0]?.shape ?? [];
  const [start, end] = shapeRange(
    intAttribute(node, 'start', 0),
    intAttribute(node, 'end', shape.length),
    shape.length,
  );
  return shape.slice(start, end);
};

const size: Rule = (node) => {
  const shape = node.inputs[0]?.shape ?? [];
  return [shape.every((d) => typeof d === 'number') ? shape.reduce((p, d) => p * d, 1) : undefined];
};

const gather: Rule = (node, operand) => {
  const [data, indices] = [operand(0), operand(1)];
  if (!data || !indices || node.inputs[0]?.shape.length !== 1) return undefined;
  return indices.map((i) => (typeof i === 'number' ? data.at(i) : undefined));
};

const slice: Rule = (node, operand) => {
  const data = operand(0);
  const [start, end, step] = [operand(1)?.[0], operand(2)?.[0], node.inputs[4] ? operand(4)?.[0] : 1];
  if (!data || node.inputs[0]?.shape.length !== 1) return undefined;
  if (typeof start !== 'number' || typeof end !== 'number' || step !== 1) return undefined;
  return data.slice(start, end);
};

const concat: Rule = (node, operand) => {
  const parts = node.inputs.map((v, i) => {
    const length = v?.shape.length === 1 ? v.shape[0] : undefined;
    return (
      operand(i) ?? (typeof length === 'number' && length <= longest ? Array<Entry>(length).fill(undefined) : undefined)
    );
  });
  return parts.every((p) => p !== undefined) ? parts.flat() : undefined;
};

/** Entry by entry with broadcasting between vectors and scalars. */
const pairwise =
  (f: (a: Dim, b: Dim) => Entry): Rule =>
  (node, operand) => {
    const [a, b] = [operand(0), operand(1)];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
    broadcastShapes(node, node.inputs[0]!.shape, node.inputs[1]!.shape);
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
      const [x, y] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
      return x === undefined || y === undefined ? undefined : f(x, y);
    });
  };

const numbers = (f: (a: number, b: number) => number) => (a: Dim, b: Dim) =>
  typeof a === 'number' && typeof b === 'number' ? f(a, b) : undefined;

/** A size is never negative, whatever it is; two open dimensions may or may not be equal. */
function equal(a: Dim, b: Dim): Entry {
  if (a === b) return 1;
  if (typeof a === 'number') return typeof b === 'number' || a < 0 ? 0 : undefined;
  return typeof b === 'number' && b < 0 ? 0 : undefined;
}

const where: Rule = (_, operand) => {
  const [condition, a, b] = [operand(0), operand(1), operand(2)];
  if (!condition || a?.length !== condition.length || b?.length !== condition.length) return undefined;
  return condition.map((c, i) => (typeof c !== 'number' ? undefined : (c ? a : b)?.[i]));
};

const rules: Readonly<Record<string, Rule>> = {
  Shape: shapeOf,
  Size: size,
  Gather: gather,
  Slice: slice,
  Concat: concat,
  Cast: copy,
  Squeeze: copy,
  Unsqueeze: copy,
  Reshape: copy,
  Add: pairwise((a, b) => (b === 0 ? a : a === 0 ? b : numbers((x, y) => x + y)(a, b))),
  Sub: pairwise((a, b) => (b === 0 ? a : numbers((x, y) => x - y)(a, b))),
  Mul: pairwise((a, b) => (b === 1 ? a : a === 1 ? b : numbers((x, y) => x * y)(a, b))),
  Div: pairwise((a, b) => (b === 1 ? a : b === 0 ? undefined : numbers((x, y) => Math.trunc(x / y))(a, b))),
  Equal: pairwise(equal),
  Where: where,
};
