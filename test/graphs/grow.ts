import fc from 'fast-check';
import {
  type DType,
  type Graph,
  GraphBuilder,
  GraphError,
  sizeOf,
  staticShape,
  tensorOf,
  type Value,
} from '../../src/onnx/index.ts';

/**
 * Random graphs in which values are shared. A plan is a list of steps; a step names an operator and carries the numbers that its operands,
 * axes and attributes are chosen by. So a plan can be shrunken: fewer steps, smaller numbers.
 */
export interface Step {
  readonly operator: number;
  readonly choices: readonly number[];
}

export const steps = (most: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ operator: fc.nat(100_000), choices: fc.array(fc.nat(999), { minLength: 8, maxLength: 8 }) }), {
    minLength: 1,
    maxLength: most,
  });

/** Values with more elements are not made, and none of a higher rank. */
const largest = 4000;
const highestRank = 5;

/** What a step grows from: the values that there are, and its numbers. */
export class Soil {
  readonly b: GraphBuilder;
  readonly values: Value[] = [];
  readonly dtype: 'float32' | 'float64';
  /** An upper bound of each value's size, by order of magnitude: what grows beyond it is squashed. */
  readonly #sizes = new Map<Value, number>();
  #choices: readonly number[] = [];
  #next = 0;

  constructor(b: GraphBuilder, dtype: 'float32' | 'float64') {
    this.b = b;
    this.dtype = dtype;
  }

  begin(step: Step): void {
    this.#choices = step.choices;
    this.#next = 0;
  }

  /** A whole number from 0 to n - 1. */
  choose(n: number): number {
    const at = this.#next++;
    const drawn = (this.#choices[at % this.#choices.length] ?? 0) + 31 * Math.floor(at / 8);
    return n > 0 ? drawn % n : 0;
  }

  oneOf<T>(...options: readonly T[]): T {
    return options[this.choose(options.length)]!;
  }

  /** One of the values for which `fits`; every second time among the last few, so that operands are close relatives. */
  pick(fits: (v: Value) => boolean = () => true, dtype: DType = this.dtype): Value | undefined {
    const found = this.values.filter((v) => v.dtype === dtype && fits(v));
    const drawn = this.choose(1000);
    const among = drawn % 2 ? found.slice(-4) : found;
    return among.length ? among[Math.floor(drawn / 2) % among.length] : undefined;
  }

  number(value: number): Value {
    return this.b.scalar(value, this.dtype);
  }

  /** Fixed numbers in [-1, 1], no two alike. */
  numbers(shape: readonly number[]): Value {
    const phase = this.choose(100) + 1;
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + 0.37 * phase));
    return this.b.constant(tensorOf(this.dtype, shape, values));
  }

  /** Between 0.3 and some units, smooth. */
  positive(v: Value): Value {
    return this.b.add(this.b.mul(v, v), this.number(0.3));
  }

  /** Between -0.9 and 0.9, smooth. */
  bounded(v: Value): Value {
    return this.b.scale(this.b.op('Tanh', [v]), 0.9);
  }

  sizeOf(v: Value): number {
    return this.#sizes.get(v) ?? 1;
  }

  /** Adds a value that is at most of this size; squashed when that is large. */
  add(v: Value, size: number): void {
    const shape = staticShape(v);
    if (sizeOf(shape) > largest || sizeOf(shape) === 0 || shape.length > highestRank) return;
    const small = size <= 8 || v.dtype !== this.dtype;
    const added = small ? v : this.b.op('Tanh', [v]);
    this.values.push(added);
    this.#sizes.set(added, small ? size : 1);
  }
}

/** What an operator adds: one value or several, undefined when no operands fit. `size` bounds the results; 1 unless told. */
export type Operator = (s: Soil) => Grown | undefined;
export type Grown = Value | readonly Value[] | { readonly value: Value; readonly size: number };
export type Operators = Readonly<Record<string, Operator>>;

export interface Garden {
  readonly operators: Operators;
  readonly dtype: 'float32' | 'float64';
  /** Names and shapes of the float inputs. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

export interface GrownGraph {
  readonly graph: Graph;
  /** How often each operator of the table is in it. */
  readonly grown: ReadonlyMap<string, number>;
}

/**
 * The graph of a plan. Its outputs `y0`, `y1`, ... are the last values made (some may be dead ends on the way), and `loss` is a weighted sum
 * of them. Steps whose operator finds no operands, or refuses them, make nothing.
 */
export function grow(plan: readonly Step[], { operators, dtype, inputs }: Garden): GrownGraph {
  const b = new GraphBuilder('random');
  const soil = new Soil(b, dtype);
  const names = Object.keys(operators);
  const grown = new Map<string, number>();
  for (const [name, shape] of Object.entries(inputs)) soil.values.push(b.input(name, dtype, shape));
  const given = soil.values.length;
  for (const step of plan) {
    soil.begin(step);
    const name = names[step.operator % names.length]!;
    const made = attempted(() => operators[name]!(soil));
    if (!made) continue;
    grown.set(name, (grown.get(name) ?? 0) + 1);
    if ('size' in made) soil.add(made.value, made.size);
    else for (const v of 'name' in made ? [made] : made) soil.add(v, 1);
  }
  const made = soil.values.slice(given);
  const outputs = (made.length ? made : soil.values).filter((v) => v.dtype === dtype).slice(-3);
  outputs.forEach((v, i) => {
    b.output(`y${i}`, v);
  });
  b.output('loss', lossOf(soil, outputs));
  return { graph: b.build(), grown };
}

function lossOf(soil: Soil, outputs: readonly Value[]): Value {
  const { b } = soil;
  soil.begin({ operator: 0, choices: [5] });
  const terms = outputs.map((v) => b.op('ReduceSum', [b.mul(v, soil.numbers(staticShape(v)))], { keepdims: 0 }));
  return terms.reduce((sum, t) => b.add(sum, t), soil.number(0));
}

/** Undefined where the builder refuses the operands. */
function attempted(operator: () => Grown | undefined): Grown | undefined {
  try {
    return operator();
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}
