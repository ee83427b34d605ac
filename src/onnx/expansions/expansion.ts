import type { GraphBuilder } from '../builder.ts';
import { type Attributes, describeNode, GraphError, type Value } from '../graph.ts';
import type { Planned } from '../passes/fold.ts';
import { isFloat, tensorOf } from '../tensor.ts';

/** What an expansion may use: the builder for constants, `add` for nodes, `note` for what the user should know. */
export interface UpgradeContext {
  /** Operator set of the file, or of the function that the node stands in. */
  readonly version: number;
  readonly b: GraphBuilder;
  readonly add: (node: Planned) => readonly Value[];
  readonly note: (text: string) => void;
}

export function fail(node: Planned, problem: string): never {
  throw new GraphError(`${describeNode({ ...node, name: node.name || (node.outputNames[0] ?? '') })}: ${problem}`);
}

/** Input `i`, which must be there. */
export const operand = (node: Planned, i: number): Value => node.inputs[i] ?? fail(node, `input ${i} is missing`);

/** Writes one operator as several: nodes named after the result that they lead to. */
export class Expansion {
  readonly #context: UpgradeContext;
  readonly #name: string;
  readonly #node: Planned;
  #count = 0;

  constructor(node: Planned, context: UpgradeContext) {
    this.#context = context;
    this.#node = node;
    this.#name = node.outputNames.find((n) => n !== '') ?? node.opType;
  }

  op(opType: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, outputs = 1): readonly Value[] {
    const outputNames = Array.from({ length: outputs }, () => `${this.#name}_${++this.#count}`);
    return this.#context.add({ opType, domain: '', name: '', inputs, attributes, outputNames });
  }

  one(opType: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.op(opType, inputs, attributes)[0]!;
  }

  /** A number of the type of `like`, which must be a float: integers have no such operators. */
  number(value: number, like: Value): Value {
    if (!isFloat(like.dtype)) fail(this.#node, `expected floating-point numbers, got ${like.dtype}`);
    return this.#context.b.constant(tensorOf(like.dtype, [], [value]));
  }

  integers(values: readonly number[]): Value {
    return this.#context.b.integers(values);
  }

  /** To `shape`, in which 0 copies a dimension. */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.one('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.one('Transpose', [x], { perm: { type: 'ints', value: perm } });
  }

  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    return this.one('Slice', [x, ...[start, end, axis, step].map((v) => this.integers([v]))]);
  }

  concat(parts: readonly Value[], axis: number): Value {
    return this.one('Concat', parts, { axis: { type: 'int', value: axis } });
  }
}
