import type { Attribute, Attributes, Graph, GraphOutput, Node, Shape, Value } from './graph.ts';
import { GraphError } from './graph.ts';
import { inferOutputs } from './inference/index.ts';
import { type DType, dtypes, type TensorData, tensorOf } from './tensor.ts';

/** Attributes as they are written in code: plain numbers, strings, lists and tensors. */
export type PlainAttributes = Readonly<
  Record<string, number | string | readonly number[] | readonly string[] | TensorData>
>;

/**
 * Attribute names that hold a float; every other number is an int. ONNX uses these names consistently, with one exception
 * (`toAttribute`). `bias` is that of LRN and Shrink, `min` and `max` those of Clip before version 11.
 */
const floatNames = new Set(
  (
    'alpha beta epsilon momentum gamma lambd bias ratio value_float spatial_scale extrapolation_value cubic_coeff_a ' +
    'seed mean scale high low min max clip softcap threshold'
  ).split(' '),
);
const floatListNames = new Set(['activation_params', 'activation_alpha', 'activation_beta', 'value_floats', 'scales']);

/** Floats are rounded to single precision, in which ONNX keeps them: every reader of the graph sees the same epsilon. */
function toAttribute(name: string, value: PlainAttributes[string], domain: string): Attribute {
  if (typeof value === 'number') {
    return floatNames.has(name) ? { type: 'float', value: Math.fround(value) } : { type: 'int', value };
  }
  if (typeof value === 'string') return { type: 'string', value };
  if (!Array.isArray(value)) return { type: 'tensor', value: value as TensorData };
  if (typeof value[0] === 'string') return { type: 'strings', value: value as string[] };
  // The blocked Upsample takes whole factors, the plain one (before version 9) fractions.
  const floats = floatListNames.has(name) && !(name === 'scales' && domain === 'com.microsoft.nchwc');
  const list = value as readonly number[];
  return floats ? { type: 'floats', value: list.map(Math.fround) } : { type: 'ints', value: list };
}

/** Equal for tensors whose elements are the same ones: 0 and -0, which are written alike, are not. */
function keyOf({ dtype, shape, data }: TensorData): string {
  const zeros = Array.from(data as ArrayLike<number | bigint>).flatMap((v, i) => (Object.is(v, -0) ? [i] : []));
  return `${dtype}[${shape}]${data}${zeros.length ? `-0 at ${zeros}` : ''}`;
}

/** `base` itself when it is free, else `base_2`, `base_3`, ... The result is taken from then on. */
function unique(taken: Map<string, number>, base: string): string {
  let name = base;
  // The number to try next is kept, or a thousand nodes of one operator would take a million look-ups.
  let next = taken.get(base) ?? 1;
  while (taken.has(name)) name = `${base}_${++next}`;
  taken.set(base, next);
  taken.set(name, taken.get(name) ?? 1);
  return name;
}

/**
 * Builds a graph node by node. Types and shapes are inferred as nodes are added, so a mistake fails at its line with the
 * shapes in the message. Methods named after operators return the first output.
 *
 * ```ts
 * const b = new GraphBuilder('affine');
 * const x = b.input('x', 'float32', ['batch', 3]);
 * b.output('y', b.relu(b.add(b.matMul(x, b.constant(w)), b.constant(c))));
 * const graph = b.build();
 * ```
 */
export class GraphBuilder {
  readonly name: string;
  readonly #inputs: Value[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #nodes: Node[] = [];
  readonly #producers = new Map<Value, Node>();
  readonly #constants = new Map<Value, TensorData>();
  readonly #small = new Map<string, Value>();
  readonly #names = new Map<string, number>();
  readonly #nodeNames = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** A graph input. Its name must be free: it is part of the graph's interface. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.#names.has(name)) throw new GraphError(`graph ${this.name}: the name "${name}" is taken`);
    const value = { name: unique(this.#names, name), dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** A tensor known now. Small unnamed ones are shared. */
  constant(data: TensorData, name?: string): Value {
    const key = name === undefined && data.data.length <= 64 ? keyOf(data) : undefined;
    const shared = key === undefined ? undefined : this.#small.get(key);
    if (shared) return shared;
    const value = { name: unique(this.#names, name ?? 'const'), dtype: data.dtype, shape: data.shape };
    this.#constants.set(value, data);
    if (key !== undefined) this.#small.set(key, value);
    return value;
  }

  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.constant(tensorOf(dtype, [], [value]));
  }

  integers(values: readonly number[]): Value {
    return this.constant(tensorOf('int64', [values.length], values));
  }

  /** The data of a value when it is a constant of this graph. */
  constantOf(value: Value): TensorData | undefined {
    return this.#constants.get(value);
  }

  /** The node that computes a value; undefined for inputs and constants. */
  producerOf(value: Value): Node | undefined {
    return this.#producers.get(value);
  }

  /** Adds a node with ready attributes (as read from a file or copied from another graph) and returns its outputs. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    options: NodeOptions = {},
  ): readonly Value[] {
    const { domain = '' } = options;
    const outputCount = Math.max(options.outputs ?? 1, domain === '' && opType === 'TopK' ? 2 : 1);
    const name = unique(this.#nodeNames, options.name ?? opType);
    const bare: Node = { name, opType, domain, inputs, outputs: [], attributes };
    const inferred = inferOutputs({ node: bare, constant: (v) => this.#constants.get(v), outputCount });
    if (inferred.length < outputCount)
      throw new GraphError(`${opType} "${name}": has ${inferred.length} outputs, not ${outputCount}`);
    const outputs = inferred.slice(0, outputCount).map(({ dtype, shape }, i) => ({
      name: unique(this.#names, options.outputNames?.[i] ?? (i === 0 ? `${name}_out` : `${name}_out${i}`)),
      dtype,
      shape,
    }));
    const made = { ...bare, outputs };
    this.#nodes.push(made);
    for (const output of outputs) this.#producers.set(output, made);
    return outputs;
  }

  /** Adds a node with plain attributes and returns all of its outputs. */
  ops(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: PlainAttributes = {},
    options: NodeOptions = {},
  ): readonly Value[] {
    const tagged = Object.fromEntries(
      Object.entries(attributes).map(([k, v]) => [k, toAttribute(k, v, options.domain ?? '')]),
    );
    return this.node(opType, inputs, tagged, options);
  }

  /** Adds a node with plain attributes and returns its first output. */
  op(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: PlainAttributes = {},
    options: NodeOptions = {},
  ): Value {
    return this.ops(opType, inputs, attributes, options)[0]!;
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b]);
  }
  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b]);
  }
  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b]);
  }
  div(a: Value, b: Value): Value {
    return this.op('Div', [a, b]);
  }
  neg(x: Value): Value {
    return this.op('Neg', [x]);
  }
  /** x times a number, in x's element type. */
  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.mul(x, this.scalar(factor, x.dtype));
  }
  relu(x: Value): Value {
    return this.op('Relu', [x]);
  }
  matMul(a: Value, b: Value): Value {
    return this.op('MatMul', [a, b]);
  }
  conv(x: Value, w: Value, bias: Value | null, attributes: PlainAttributes = {}): Value {
    return this.op('Conv', bias ? [x, w, bias] : [x, w], attributes);
  }
  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.integers(shape)]);
  }
  transpose(x: Value, perm: readonly number[]): Value {
    return this.op('Transpose', [x], { perm });
  }
  concat(parts: readonly Value[], axis: number): Value {
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, { axis });
  }
  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    return this.op('Slice', [
      x,
      this.integers([start]),
      this.integers([end]),
      this.integers([axis]),
      this.integers([step]),
    ]);
  }
  reduceSum(x: Value, axes: readonly number[], keepdims = true): Value {
    return axes.length === 0 ? x : this.op('ReduceSum', [x, this.integers(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  reduceMean(x: Value, axes: readonly number[], keepdims = true): Value {
    return this.op('ReduceMean', [x, this.integers(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  expand(x: Value, shape: readonly number[]): Value {
    return this.op('Expand', [x, this.integers(shape)]);
  }
  cast(x: Value, dtype: DType): Value {
    return x.dtype === dtype ? x : this.op('Cast', [x], { to: dtypes[dtype].code });
  }
  where(condition: Value, a: Value, b: Value): Value {
    return this.op('Where', [condition, a, b]);
  }

  /**
   * Copies the nodes of `graph` into this one, with its inputs replaced by `bindings` (by input name; every input must be
   * bound). Returns the copy of each value of `graph`, so that inner values can be reached as well as outputs.
   */
  inline(graph: Graph, bindings: Readonly<Record<string, Value>>): ReadonlyMap<Value, Value> {
    const copies = new Map<Value, Value>();
    for (const input of graph.inputs) {
      const bound = bindings[input.name];
      if (!bound) throw new GraphError(`graph ${this.name}: input "${input.name}" of ${graph.name} is not bound`);
      copies.set(input, bound);
    }
    for (const [value, data] of graph.constants)
      copies.set(value, this.constant(data, data.data.length > 64 ? value.name : undefined));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((v) => (v === null ? null : copies.get(v)!));
      const { name, domain, attributes } = node;
      const outputNames = node.outputs.map((v) => v.name);
      const outputs = this.node(node.opType, inputs, attributes, {
        name,
        domain,
        outputs: node.outputs.length,
        outputNames,
      });
      node.outputs.forEach((v, i) => {
        copies.set(v, outputs[i]!);
      });
    }
    return copies;
  }

  /** Declares an output. The name is the graph's interface, independent of the value's own name. */
  output(name: string, value: Value): void {
    if (this.#outputs.some((o) => o.name === name))
      throw new GraphError(`graph ${this.name}: output "${name}" exists already`);
    this.#outputs.push({ name, value });
  }

  /** The graph so far. Throws GraphError when an output has the name of an input that it is not. */
  build(): Graph {
    for (const { name, value } of this.#outputs) {
      if (this.#inputs.some((v) => v.name === name && v !== value))
        throw new GraphError(`graph ${this.name}: the output "${name}" has the name of an input, and is another value`);
    }
    return {
      name: this.name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      constants: new Map(this.#constants),
    };
  }
}

/** What a node may be given beside its operator and inputs. */
export interface NodeOptions {
  readonly domain?: string;
  readonly name?: string;
  /** How many outputs the node has; 1 unless told, and never fewer than the operator must have (TopK: 2). */
  readonly outputs?: number;
  readonly outputNames?: readonly string[];
}
