import { linearize } from '../../autodiff/index.ts';
import type { LinearOperator } from '../../linalg/index.ts';
import {
  extract,
  type Graph,
  GraphError,
  sizeOf,
  staticShape,
  type TensorData,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { compile, type Program, type RuntimeOptions } from '../../runtime/index.ts';
import { featureCount } from '../units/units.ts';

type Block = Float32Array | Float64Array;

/**
 * The derivative of one value of a network with respect to an earlier one, ready to be taken at any image.
 * Three programs: `primal` computes what the linear maps need (the ReLU masks, ...), `tangent` is J V and `cotangent` Jᵀ U
 * for `vectors` vectors at once, as one batch. They are compiled when first used and serve every image.
 */
export class LinearizedMap {
  readonly rows: number;
  readonly cols: number;
  readonly vectors: number;
  readonly #from: Value;
  readonly #parts: ReturnType<typeof linearize>;
  readonly #runtime: RuntimeOptions;
  readonly #inputShape: readonly number[];
  readonly #outputShape: readonly number[];
  readonly #whole: boolean;
  #primal: Promise<Program> | undefined;
  #tangent: Promise<Program> | undefined;
  #cotangent: Promise<Program> | undefined;

  /**
   * `graph` must be laid out for one image (batch 1). `whole`: the first axis is part of the state, as where the tokens of a sequence are rows; vectors
   * then go one by one. Throws GraphError naming an operator that has no derivative.
   */
  constructor(
    graph: Graph,
    from: Value,
    to: Value,
    options: { vectors: number; runtime?: RuntimeOptions; whole?: boolean },
  ) {
    const part = extract(graph, { inputs: [from], outputs: [{ name: 'to', value: to }] });
    const wanted = { wrt: from.name, of: 'to' };
    this.#whole = options.whole === true;
    let vectors = this.#whole ? 1 : options.vectors;
    let parts: ReturnType<typeof linearize>;
    try {
      parts = linearize(part, this.#whole ? wanted : { ...wanted, vectors });
    } catch (error) {
      if (!(error instanceof GraphError) || this.#whole) throw error;
      // Where the batch axis moves (attention with the sequence first), vectors cannot share it: they go one by one.
      parts = linearize(part, wanted);
      vectors = 1;
    }
    this.#parts = parts;
    this.#from = from;
    this.#runtime = options.runtime ?? {};
    this.#inputShape = staticShape(from);
    this.#outputShape = staticShape(to);
    if (!this.#whole && this.#inputShape[0] !== 1)
      throw new GraphError(`linearization needs a graph for one image, ${from.name} has batch ${from.shape[0]}`);
    this.rows = this.#whole ? sizeOf(this.#outputShape) : featureCount(to);
    this.cols = this.#whole ? sizeOf(this.#inputShape) : featureCount(from);
    this.vectors = vectors;
  }

  /** The map at an operating point: `x` is the value it starts from, [1, ...]. */
  async at(x: TensorData): Promise<LinearOperator> {
    const { primal, tangent, cotangent, residuals } = this.#parts;
    let known: Record<string, TensorData> = {};
    if (residuals.length) {
      this.#primal ??= compile(primal, { ...this.#runtime, emission: 'plain' });
      const all = await (await this.#primal).run({ [this.#from.name]: x });
      known = Object.fromEntries(residuals.map((name) => [name, all[name]!]));
    }
    const product = async (
      program: Program,
      input: string,
      block: Block,
      count: number,
      from: readonly number[],
      to: number,
    ) => {
      const size = block.length / count;
      const out = new Float32Array(count * to);
      for (let start = 0; start < count; start += this.vectors) {
        const n = Math.min(this.vectors, count - start);
        // The program takes a fixed number of vectors; what is missing at the end is zero.
        let feed =
          block instanceof Float32Array
            ? block.subarray(start * size, (start + n) * size)
            : Float32Array.from(block.subarray(start * size, (start + n) * size));
        if (n < this.vectors) {
          const padded = new Float32Array(this.vectors * size);
          padded.set(feed);
          feed = padded;
        }
        const shape = this.#whole ? from : [this.vectors, ...from.slice(1)];
        const feeds = { ...known, [input]: tensor('float32', shape, feed) };
        const result = (await program.run(feeds))[`${input}_out`]!.data as Float32Array;
        out.set(n < this.vectors ? result.subarray(0, n * to) : result, start * to);
      }
      return out;
    };
    return {
      rows: this.rows,
      cols: this.cols,
      dtype: 'float32',
      apply: async (block, count) => {
        this.#tangent ??= compile(tangent, this.#runtime);
        return product(await this.#tangent, 'tangent', block, count, this.#inputShape, this.rows);
      },
      applyTranspose: async (block, count) => {
        this.#cotangent ??= compile(cotangent, this.#runtime);
        return product(await this.#cotangent, 'cotangent', block, count, this.#outputShape, this.cols);
      },
    };
  }

  async dispose(): Promise<void> {
    for (const program of [this.#primal, this.#tangent, this.#cotangent]) await (await program)?.dispose();
    this.#primal = this.#tangent = this.#cotangent = undefined;
  }
}
