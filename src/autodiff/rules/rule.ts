import {
  describeNode,
  describeShape,
  type GraphBuilder,
  GraphError,
  isFloat,
  type Node,
  staticShape,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';

/**
 * The derivative of one operator.
 *
 * `tangent` maps tangents of the inputs to tangents of the outputs at the operating point; everything it adds to the
 * graph is linear in the tangents. `transpose` exists for the operators that tangents are made of: it maps cotangents of
 * the outputs of a linear node to cotangents of its linear inputs. So a nonlinear operator needs one formula only, and
 * the gradient is the transpose of the tangent's graph.
 */
export interface Rule {
  /** Tangents of the outputs; null where an output does not depend on the active inputs. */
  readonly tangent: (c: TangentContext) => Value | null | readonly (Value | null)[];
  /** Cotangents of the inputs, asked for only where `c.linear` is true. */
  readonly transpose?: (c: TransposeContext) => readonly (Value | null)[];
  /** Outputs of the node that the tangent reads, when they are more than the graph itself uses. */
  readonly outputs?: number;
}

/**
 * How the cotangent of a tangent that several nodes compute goes back, where a formula of its own is shorter than the
 * transposes of those nodes one after another.
 */
export interface Adjoint {
  /** Tangents of the node's inputs. */
  readonly inputs: readonly (Value | null)[];
  /** The cotangent of the output's tangent to those of `inputs`. */
  readonly transpose: (b: GraphBuilder, ct: Value) => readonly (Value | null)[];
}

/** What a tangent rule sees. `node` is the node of the original graph; all values belong to the builder `b`. */
export class TangentContext {
  readonly b: GraphBuilder;
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly tangents: readonly (Value | null)[];
  readonly #vectors: number | undefined;
  readonly #wanted: (output: number) => boolean;
  readonly #adjoints: Map<Value, Adjoint>;

  constructor(fields: {
    b: GraphBuilder;
    node: Node;
    inputs: readonly (Value | null)[];
    outputs: readonly Value[];
    tangents: readonly (Value | null)[];
    vectors: number | undefined;
    wanted: (output: number) => boolean;
    adjoints: Map<Value, Adjoint>;
  }) {
    this.b = fields.b;
    this.node = fields.node;
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.tangents = fields.tangents;
    this.#vectors = fields.vectors;
    this.#wanted = fields.wanted;
    this.#adjoints = fields.adjoints;
  }

  /** The tangent of an output, with the formula by which cotangents go back through all of it. */
  withAdjoint(tangent: Value, transpose: Adjoint['transpose']): Value {
    this.#adjoints.set(tangent, { inputs: this.tangents, transpose });
    return tangent;
  }

  /** Primal value of input `i`. */
  x(i: number): Value {
    return this.inputs[i] ?? this.fail(`input ${i} is missing`);
  }

  /** Primal value of the first output. */
  get y(): Value {
    return this.outputs[0]!;
  }

  /** Tangent of input `i`; null when it is inactive or left out. */
  t(i: number): Value | null {
    return this.tangents[i] ?? null;
  }

  /** Whether the graph uses output `i`. */
  wanted(i: number): boolean {
    return this.#wanted(i);
  }

  /** Many tangent vectors lie along the leading axis, where primal values have size 1. */
  get batched(): boolean {
    return this.#vectors !== undefined;
  }

  /** Shape of the tangent of a primal value: that of the value, with the leading axis made `vectors` long. */
  shapeOf(v: Value): readonly number[] {
    const shape = staticShape(v);
    if (this.#vectors === undefined) return shape;
    if (shape[0] !== 1)
      this.fail(`its value ${describeShape(v)} has no leading batch axis of size 1 to put vectors on`);
    return [this.#vectors, ...shape.slice(1)];
  }

  /** A non-negative axis. With many tangent vectors the operator may not work along the leading one. */
  axis(axis: number, rank = this.x(0).shape.length): number {
    const a = axis < 0 ? axis + rank : axis;
    if (this.batched && a === 0) this.fail('works along the batch axis, which holds the tangent vectors');
    return a;
  }

  /** The tangent broadcast to the shape that the tangent of the first output has. */
  fit(t: Value): Value {
    const shape = this.shapeOf(this.y);
    if (t.shape.length !== shape.length && this.batched) this.fail('broadcasting adds an axis before the batch axis');
    return sameShape(t.shape, shape) ? t : this.b.expand(t, shape);
  }

  /** The same operator on other inputs. */
  again(inputs: readonly (Value | null)[]): readonly Value[] {
    const { opType, attributes, domain, outputs } = this.node;
    return this.b.node(opType, inputs, attributes, { domain, outputs: outputs.length });
  }

  /** The integers of input `i`, a constant; undefined when it is left out. */
  integers(i: number): number[] | undefined {
    return integersOf(this.b, this.node, this.inputs[i] ?? null);
  }

  fail(problem: string): never {
    throw new GraphError(`cannot differentiate ${describeNode(this.node)}: ${problem}`);
  }
}

/** What a transpose rule sees: a node that is linear in those inputs for which `linear` is true. */
export interface TransposeContext {
  readonly b: GraphBuilder;
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  readonly linear: readonly boolean[];
  /** One an output; null where the output does not matter. */
  readonly cotangents: readonly (Value | null)[];
}

export function sameShape(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

export function integersOf(b: GraphBuilder, node: Node, v: Value | null): number[] | undefined {
  if (v === null) return undefined;
  const data = b.constantOf(v);
  if (!data) throw new GraphError(`cannot differentiate ${describeNode(node)}: ${v.name} must be a constant`);
  return toNumbers(data);
}

/** Zeros that occupy no memory in the file. */
export function zeros(b: GraphBuilder, dtype: Value['dtype'], shape: readonly number[]): Value {
  const zero = b.scalar(0, dtype);
  return shape.length === 0 ? zero : b.expand(zero, shape);
}

/** The sum of the terms that are there; null when there is none. */
export function sum(b: GraphBuilder, terms: readonly (Value | null)[]): Value | null {
  return terms.reduce((s, t) => (s && t ? b.add(s, t) : (t ?? s)), null);
}

/** Transpose of broadcasting: sums `ct` over the axes along which a value of `shape` was repeated. */
export function unbroadcast(b: GraphBuilder, ct: Value, shape: readonly number[]): Value {
  const from = staticShape(ct);
  if (sameShape(from, shape)) return ct;
  const extra = from.length - shape.length;
  const axes = from.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []));
  const summed = b.reduceSum(ct, axes);
  return extra > 0 ? b.reshape(summed, shape) : summed;
}

/** The tangent rule of an operator that is linear in its first input: the operator itself. */
export function linearInFirst(c: TangentContext): readonly Value[] {
  return c.again([c.t(0), ...c.inputs.slice(1)]);
}

/** Values of these types have derivatives; integers and booleans do not. */
export function isDifferentiable(v: Value): boolean {
  return isFloat(v.dtype);
}
