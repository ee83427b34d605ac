import { BallastError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { DType, TensorData } from './tensor.ts';

/** A dimension is a number, or the name of a size that is not known yet (the batch). See `specialize`. */
export type Dim = number | string;
/** Dimensions of a tensor; the batch comes first. */
export type Shape = readonly Dim[];

/** A tensor in a graph: an input, a constant or the result of a node. Identity is by reference. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** An attribute of a node, with its type. */
export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: TensorData };

/** Attributes by their names. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** An operator with its inputs, outputs and attributes. */
export interface Node {
  readonly name: string;
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** An optional input that is left out is null. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** An output: its name is the interface of the graph, the value a tensor in it. */
export interface GraphOutput {
  readonly name: string;
  readonly value: Value;
}

/** An immutable computation. Nodes are in an order in which they can be run. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly GraphOutput[];
  readonly nodes: readonly Node[];
  /** Tensors known when the graph is built: weights and constants. */
  readonly constants: ReadonlyMap<Value, TensorData>;
}

/** Version of the ai.onnx operator set that every graph of Ballast uses; files in older ones are upgraded on reading. */
export const opsetVersion = 20;

/** A graph could not be built, read or transformed; the message names the node. */
export class GraphError extends BallastError {}

/** A tensor for messages: `float32[N, 3, 32, 32]`. */
export function describeShape(v: { dtype: DType; shape: Shape }): string {
  return `${v.dtype}[${v.shape.join(', ')}]`;
}

/** A node for messages: its operator and its name, printable. */
export function describeNode(node: Pick<Node, 'name' | 'opType' | 'domain'>): string {
  const type = printable(node.domain ? `${node.domain}.${node.opType}` : node.opType);
  return `${type} "${printable(node.name)}"`;
}

type ValueOf<T extends Attribute['type']> = Extract<Attribute, { type: T }>['value'];

type Carrier = Pick<Node, 'name' | 'opType' | 'domain' | 'attributes'>;

/** The attribute's value, undefined when the node does not carry it. Throws GraphError when it has another type. */
export function attributeOf<T extends Attribute['type']>(node: Carrier, name: string, type: T): ValueOf<T> | undefined {
  const a: Attribute | undefined = node.attributes[name];
  if (a !== undefined && a.type !== type) {
    throw new GraphError(`${describeNode(node)}: attribute ${name} must be ${type}, got ${a.type}`);
  }
  return a?.value as ValueOf<T> | undefined;
}

/** A whole number of a node, or `fallback` (the default of the operator) where it carries none. Throws GraphError where it has another type. */
export function intAttribute(node: Carrier, name: string, fallback: number): number {
  return attributeOf(node, name, 'int') ?? fallback;
}
/** The same for a number. */
export function floatAttribute(node: Carrier, name: string, fallback: number): number {
  return attributeOf(node, name, 'float') ?? fallback;
}
/** The same for a text. */
export function stringAttribute(node: Carrier, name: string, fallback: string): string {
  return attributeOf(node, name, 'string') ?? fallback;
}
/** The same for a list of whole numbers. */
export function intsAttribute(node: Carrier, name: string): readonly number[] | undefined {
  return attributeOf(node, name, 'ints');
}

/** The shape as numbers. Transforms and emission need static shapes; `specialize` makes them so. */
export function staticShape(v: Value): readonly number[] {
  for (const d of v.shape) {
    if (typeof d === 'string') {
      throw new GraphError(
        `${v.name}: shape ${describeShape(v)} has the open dimension "${d}"; bind it with specialize()`,
      );
    }
  }
  return v.shape as readonly number[];
}

/** The output called `name`. */
export function outputNamed(graph: Graph, name: string): Value {
  const found = graph.outputs.find((o) => o.name === name);
  if (!found)
    throw new GraphError(`graph ${graph.name} has no output "${name}", only ${graph.outputs.map((o) => o.name)}`);
  return found.value;
}

/** The input called `name`. */
export function inputNamed(graph: Graph, name: string): Value {
  const found = graph.inputs.find((v) => v.name === name);
  if (!found)
    throw new GraphError(`graph ${graph.name} has no input "${name}", only ${graph.inputs.map((v) => v.name)}`);
  return found;
}
