import { jvp } from '../../autodiff/index.ts';
import { ProgramsBySize } from '../../evaluate/index.ts';
import type { Network } from '../../models/index.ts';
import {
  extract,
  type Graph,
  GraphBuilder,
  staticShape,
  type TensorData,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { featureCount, findUnits } from '../units/units.ts';
import { partFrom } from './classifier.ts';

/** What a perturbation is at one place of the network, for each of `count` examples; norms are Euclidean. */
export interface Propagated {
  /** Where the perturbation enters (`image`, or `input of` a unit), `stem` (what the first unit takes, where that is not the image), the units' names, `logits`. */
  readonly name: string;
  /** Elements of the state. */
  readonly size: number;
  /** ‖x‖ of the unperturbed state, [count]. */
  readonly state: Float64Array;
  /** ‖d‖, d = x~ - x, [count]. */
  readonly perturbation: Float64Array;
  /** ‖d‖ at the place before, [count]; null at the entry. */
  readonly incoming: Float64Array | null;
  /** ‖J d‖ of the place before, J the Jacobian of the step from there at the unperturbed state; null at the entry. */
  readonly predicted: Float64Array | null;
  /** ‖d - J d_before‖, null at the entry. */
  readonly error: Float64Array | null;
  /** ‖J₀ d₀‖, J₀ the Jacobian of the whole way from the entry. */
  readonly predictedFromEntry: Float64Array;
}

interface Step {
  readonly name: string;
  readonly from: Value;
  readonly to: Value;
}

/** From each unit's input to its output, with its final ReLU where it has one: state to state. */
function stepsOf(part: Graph): Step[] {
  const entry = part.inputs[0]!;
  const logits = part.outputs[0]!.value;
  const units = findUnits(part);
  const steps: Step[] = units.map(({ name, input, output }) => ({ name, from: input, to: output }));
  const [first, last] = [units[0]?.input, units.at(-1)?.output ?? entry];
  if (first && first !== entry) steps.unshift({ name: 'stem', from: entry, to: first });
  if (last !== logits) steps.push({ name: 'logits', from: last, to: logits });
  return steps;
}

const squares = (b: GraphBuilder, x: Value): Value => {
  const [count, ...rest] = staticShape(x) as [number, ...number[]];
  const flat = b.reshape(x, [count, rest.reduce((n, d) => n * d, 1)]);
  return b.reduceSum(b.mul(flat, flat), [1], false);
};

/**
 * Unperturbed and perturbed pass, the tangent of every step at its own incoming perturbation and that of the whole way, and their squared
 * norms, in one graph: `clean`, `moved` -> `norms` [rows, batch].
 */
function propagationGraph(part: Graph): Graph {
  const entry = part.inputs[0]!;
  const steps = stepsOf(part);
  const b = new GraphBuilder(`${part.name}_propagation`);
  const [clean, moved] = ['clean', 'moved'].map((name) => b.input(name, entry.dtype, entry.shape)) as [Value, Value];
  const before = b.inline(part, { [entry.name]: clean });
  const after = b.inline(part, { [entry.name]: moved });
  const at = (copies: ReadonlyMap<Value, Value>, own: Value, input: Value) =>
    own === entry ? input : copies.get(own)!;
  const state = (v: Value) => at(before, v, clean);
  const perturbations = new Map<Value, Value>();
  const perturbation = (v: Value): Value => {
    let d = perturbations.get(v);
    if (!d) {
      d = b.sub(at(after, v, moved), state(v));
      perturbations.set(v, d);
    }
    return d;
  };
  const tangentOf = (graph: Graph, x: Value, d: Value) => {
    const [own] = graph.inputs;
    return b.inline(graph, { [own!.name]: x, [`${own!.name}_tangent`]: d });
  };
  const whole = jvp(part, { wrt: [entry], of: steps.map(({ to }) => to) });
  const wholeCopies = tangentOf(whole, clean, perturbation(entry));
  const rows = [squares(b, clean), squares(b, perturbation(entry))];
  steps.forEach(({ from, to }, i) => {
    const step = jvp(extract(part, { inputs: [from], outputs: [{ name: 'to', value: to }] }), {
      wrt: [from.name],
      of: ['to'],
    });
    const linear = tangentOf(step, state(from), perturbation(from)).get(step.outputs[1]!.value)!;
    const d = perturbation(to);
    rows.push(
      squares(b, state(to)),
      squares(b, d),
      squares(b, perturbation(from)),
      squares(b, linear),
      squares(b, b.sub(d, linear)),
      squares(b, wholeCopies.get(whole.outputs[steps.length + i]!.value)!),
    );
  });
  const [batch] = staticShape(entry);
  b.output(
    'norms',
    b.concat(
      rows.map((row) => b.reshape(row, [1, batch!])),
      0,
    ),
  );
  return b.build();
}

/** Follows perturbations through a network, each with its own unperturbed state. */
export class Propagation {
  readonly #part: Graph;
  readonly #programs: ProgramsBySize;
  readonly #batch: number;
  readonly #name: string;

  /** `entry`: see `partFrom`. */
  constructor(
    network: Network,
    {
      entry,
      batch = 50,
      runtime = {},
    }: { entry?: string | undefined; batch?: number; runtime?: RuntimeOptions | undefined } = {},
  ) {
    this.#part = partFrom(network, 1, entry);
    this.#batch = batch;
    this.#name = entry === undefined ? 'image' : `input of ${entry}`;
    this.#programs = new ProgramsBySize((size) => propagationGraph(partFrom(network, size, entry)), runtime);
  }

  /** `clean` and `moved`: [count, size], one after another. */
  async follow(clean: Float32Array, moved: Float32Array): Promise<Propagated[]> {
    const entry = this.#part.inputs[0]!;
    const size = featureCount(entry);
    const count = clean.length / size;
    const steps = stepsOf(this.#part);
    const rows = Array.from({ length: 2 + 6 * steps.length }, () => new Float64Array(count));
    const pieces = Math.max(1, Math.ceil(count / this.#batch));
    const batch = Math.ceil(count / pieces);
    for (let first = 0; first < count; first += batch) {
      const n = Math.min(batch, count - first);
      const program = await this.#programs.of(n);
      const own = (block: Float32Array): TensorData =>
        tensor('float32', [n, ...staticShape(entry).slice(1)], block.subarray(first * size, (first + n) * size));
      const { norms } = await program.run({ clean: own(clean), moved: own(moved) });
      rows.forEach((row, r) => {
        for (let i = 0; i < n; i++) row[first + i] = Math.sqrt((norms!.data as Float32Array)[r * n + i]!);
      });
    }
    const own: Propagated = {
      name: this.#name,
      size,
      state: rows[0]!,
      perturbation: rows[1]!,
      incoming: null,
      predicted: null,
      error: null,
      predictedFromEntry: rows[1]!,
    };
    return [
      own,
      ...steps.map(({ name, to }, i): Propagated => {
        const [state, perturbation, incoming, predicted, error, predictedFromEntry] = rows.slice(2 + 6 * i) as [
          Float64Array,
          Float64Array,
          Float64Array,
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        return { name, size: featureCount(to), state, perturbation, incoming, predicted, error, predictedFromEntry };
      }),
    ];
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
