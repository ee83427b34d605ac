import { type Dim, describeNode, describeShape, GraphError, type Node, type Shape, type Value } from '../graph.ts';
import type { DType, TensorData } from '../tensor.ts';
import { toNumbers } from '../tensor.ts';

export interface Inferred {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What an inference rule sees: the node (its outputs are what is asked for) and the constants among its inputs. */
export interface InferenceContext {
  readonly node: Node;
  readonly constant: (v: Value) => TensorData | undefined;
  /** How many outputs the caller asks for. */
  readonly outputCount: number;
}

/** Types and shapes of a node's outputs from those of its inputs. Throws GraphError with the shapes when they do not fit. */
export type InferenceRule = (context: InferenceContext) => readonly Inferred[];

export function fail(node: Node, problem: string): never {
  const shapes = node.inputs.map((v) => (v ? describeShape(v) : 'none')).join(', ');
  throw new GraphError(`${describeNode(node)}: ${problem} (inputs: ${shapes})`);
}

/** Input `i`, which must be there. */
export function inputAt(node: Node, i: number): Value {
  const v = node.inputs[i];
  if (!v) fail(node, `input ${i} is missing`);
  return v;
}

/** The integers of input `i`, which must be a constant when given. */
export function constantIntegers({ node, constant }: InferenceContext, i: number): number[] | undefined {
  const v = node.inputs[i];
  if (!v) return undefined;
  const t = constant(v);
  if (!t) fail(node, `input ${i} (${v.name}) must be known; if it depends on an open dimension, bind that`);
  return toNumbers(t);
}

export function normalizeAxis(node: Node, axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) fail(node, `axis ${axis} is outside [${-rank}, ${rank - 1}]`);
  return axis < 0 ? axis + rank : axis;
}

/** Numpy broadcasting of two shapes. */
export function broadcastShapes(node: Node, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    else fail(node, `shapes [${a}] and [${b}] do not broadcast`);
  }
  return out;
}

/** Product of dimensions, of which at most one may be open (then the result is that one, times 1). */
export function product(node: Node, dims: readonly Dim[]): Dim {
  const open = dims.filter((d) => typeof d === 'string');
  const known = dims.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
  if (open.length === 0) return known;
  if (open.length === 1 && known === 1) return open[0]!;
  return fail(node, `the size of [${dims}] is not known; bind open dimensions with specialize()`);
}

export function requireNumber(node: Node, d: Dim | undefined): number {
  if (typeof d !== 'number') fail(node, `dimension ${d} must be known here; bind it with specialize()`);
  return d;
}
