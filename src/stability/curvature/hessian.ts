import { grad, jvp } from '../../autodiff/index.ts';
import { ProgramsBySize } from '../../evaluate/index.ts';
import type { LinearOperator, VectorBlock } from '../../linalg/index.ts';
import type { ParameterSpec, Params } from '../../nn/index.ts';
import { type Graph, GraphBuilder, prune, type TensorData, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  type Batch,
  concatFlat,
  type FlatLayout,
  flatLayout,
  lossGraph,
  type Objective,
  splitFlat,
} from '../../train/index.ts';

/** A network at fixed parameters, and the examples over which its loss is averaged. */
export interface HessianRequest {
  /** The network in evaluation mode with its mean loss over a batch of this size. */
  readonly objective: (batch: number) => Objective;
  readonly parameters: readonly ParameterSpec[];
  /** Values of all parameters, trained or not; all float32 or all float64. */
  readonly values: Params;
  readonly examples: number;
  /** Examples a call of the graph; the last one of a pass may have fewer. */
  readonly microBatch: number;
  /** The examples `first` .. `first + size - 1`. */
  readonly batch: (first: number, size: number) => Batch;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
}

/**
 * H v for the mean loss of one batch, as a graph: the tangent of the gradient (forward over reverse; Pearlmutter 1994). Inputs: the network's
 * and the loss's own but for parameters, whose values are constants, and `vector` [P]; output `product` [P], both in the order of the trained
 * parameters. Throws GraphError naming the node where an operator has no derivative, or its derivative none.
 */
export function hessianGraph(objective: Objective, parameters: readonly ParameterSpec[], values: Params): Graph {
  const layout = trainedLayout(parameters);
  const names = layout.entries.map((e) => e.name);
  const gradient = grad(lossGraph(objective), { wrt: names, of: 'loss' });
  const tangent = jvp(gradient, { wrt: names, of: names.map((name) => `${name}_gradient`) });
  return flattened(`${objective.graph.name}_hessian`, tangent, values, (b) => {
    const vector = b.input('vector', values.get(names[0]!)!.dtype, [layout.length]);
    const parts = splitFlat(b, layout, vector);
    return {
      bindings: Object.fromEntries(names.map((name, i) => [`${name}_tangent`, parts[i]!])),
      outputs: (of) => ({
        product: concatFlat(
          b,
          names.map((name) => of(`${name}_gradient_tangent`)),
        ),
      }),
    };
  });
}

/** Loss and flat gradient of one batch: outputs `loss` and `gradient` [P]. */
function gradientGraph(objective: Objective, parameters: readonly ParameterSpec[], values: Params): Graph {
  const names = trainedLayout(parameters).entries.map((e) => e.name);
  const gradient = grad(lossGraph(objective), { wrt: names, of: 'loss' });
  return flattened(`${objective.graph.name}_gradient`, gradient, values, (b) => ({
    bindings: {},
    outputs: (of) => ({
      loss: of('loss'),
      gradient: concatFlat(
        b,
        names.map((name) => of(`${name}_gradient`)),
      ),
    }),
  }));
}

const trainedLayout = (parameters: readonly ParameterSpec[]): FlatLayout =>
  flatLayout(parameters.filter((p) => p.trainable));

/** `graph` with its parameters as constants, and with other inputs and outputs. */
function flattened(
  name: string,
  graph: Graph,
  values: Params,
  wiring: (b: GraphBuilder) => {
    bindings: Readonly<Record<string, Value>>;
    outputs: (of: (name: string) => Value) => Readonly<Record<string, Value>>;
  },
): Graph {
  const b = new GraphBuilder(name);
  const { bindings, outputs } = wiring(b);
  const inputOf = (v: Value) => {
    const known = values.get(v.name);
    return bindings[v.name] ?? (known ? b.constant(known, v.name) : b.input(v.name, v.dtype, v.shape));
  };
  const copies = b.inline(graph, Object.fromEntries(graph.inputs.map((v) => [v.name, inputOf(v)])));
  const made = outputs((output) => copies.get(graph.outputs.find((o) => o.name === output)!.value)!);
  for (const [output, value] of Object.entries(made)) b.output(output, value);
  return prune(b.build());
}

/**
 * The Hessian of the mean loss over a set of examples with respect to all trained parameters, a symmetric map known by its products.
 * Vectors have the parameters one after another in the order of their specifications. Micro-batches are weighted by the number of their targets
 * and summed in float64.
 */
export class HessianOperator implements LinearOperator {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: 'float32' | 'float64';
  readonly layout: FlatLayout;
  readonly #request: HessianRequest;
  readonly #hessians: ProgramsBySize;
  readonly #gradients: ProgramsBySize;
  #products = 0;

  constructor(request: HessianRequest) {
    const { objective, parameters, values } = request;
    // Between calls a Krylov method works on its vectors: threads that wait busily would only be in the way.
    const runtime = { spinning: false, ...request.runtime };
    this.layout = trainedLayout(parameters);
    this.rows = this.cols = this.layout.length;
    this.dtype = values.get(this.layout.entries[0]!.name)!.dtype === 'float64' ? 'float64' : 'float32';
    this.#request = request;
    this.#hessians = new ProgramsBySize((size) => hessianGraph(objective(size), parameters, values), runtime);
    this.#gradients = new ProgramsBySize((size) => gradientGraph(objective(size), parameters, values), runtime);
  }

  /** H V for `count` vectors, over all examples. */
  async apply(block: VectorBlock, count: number): Promise<Float64Array> {
    const size = this.rows;
    const out = new Float64Array(count * size);
    for (let c = 0; c < count; c++) {
      const sum = out.subarray(c * size, (c + 1) * size);
      const vector = this.#tensor(block.subarray(c * size, (c + 1) * size));
      const total = await this.#overExamples(this.#hessians, { vector }, ({ product }, weight) => {
        addMultiple(sum, weight, product!.data as VectorBlock);
      });
      scale(sum, 1 / total);
      this.#products++;
    }
    return out;
  }

  /** Products over all examples so far. */
  get products(): number {
    return this.#products;
  }

  /** Seconds that a product over all examples takes, judged by the second run of the first micro-batch. */
  async secondsPerProduct(): Promise<number> {
    const { examples, microBatch, batch } = this.#request;
    const size = Math.min(microBatch, examples);
    const program = await this.#hessians.of(size);
    const feeds = { ...batch(0, size).inputs, vector: this.#tensor(new Float64Array(this.rows)) };
    await program.run(feeds);
    const began = performance.now();
    await program.run(feeds);
    return ((performance.now() - began) / 1000) * (examples / size);
  }

  /** The same: H is symmetric. */
  applyTranspose(block: VectorBlock, count: number): Promise<Float64Array> {
    return this.apply(block, count);
  }

  /** Mean loss in nats, and its gradient [P]. */
  async gradient(): Promise<{ loss: number; gradient: Float64Array }> {
    const gradient = new Float64Array(this.rows);
    let loss = 0;
    const total = await this.#overExamples(this.#gradients, {}, (outputs, weight) => {
      loss += weight * Number(outputs.loss!.data[0]);
      addMultiple(gradient, weight, outputs.gradient!.data as VectorBlock);
    });
    scale(gradient, 1 / total);
    return { loss: loss / total, gradient };
  }

  #tensor(vector: VectorBlock): TensorData {
    const data = this.dtype === 'float64' ? Float64Array.from(vector) : Float32Array.from(vector);
    return tensor(this.dtype, [this.rows], data);
  }

  /** Runs micro-batch by micro-batch; `add` gets each one's means with the number of its targets. Returns the number of all targets. */
  async #overExamples(
    programs: ProgramsBySize,
    feeds: Readonly<Record<string, TensorData>>,
    add: (means: Readonly<Record<string, TensorData>>, targets: number) => void,
  ): Promise<number> {
    const { examples, microBatch, batch, signal } = this.#request;
    let total = 0;
    for (let first = 0; first < examples; first += microBatch) {
      signal?.throwIfAborted();
      const size = Math.min(microBatch, examples - first);
      const { inputs, targets } = batch(first, size);
      add(await (await programs.of(size)).run({ ...inputs, ...feeds }), targets);
      total += targets;
    }
    return total;
  }

  async dispose(): Promise<void> {
    await this.#hessians.dispose();
    await this.#gradients.dispose();
  }
}

function addMultiple(sum: Float64Array, factor: number, x: VectorBlock): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * x[i]!;
}

function scale(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}
