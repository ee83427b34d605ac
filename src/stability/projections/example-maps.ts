import { linearize } from '../../autodiff/index.ts';
import { extract, type Graph, staticShape, type TensorData, tensor, type Value } from '../../onnx/index.ts';
import { compile, type Program, type RuntimeOptions } from '../../runtime/index.ts';
import { featureCount } from '../units/units.ts';

/** Linear maps of the same shape, one for each vector of a block [count, cols] or [count, rows]: vector i goes through map i. */
export interface PairedMaps {
  readonly count: number;
  readonly rows: number;
  readonly cols: number;
  apply(block: Float32Array): Promise<Float32Array>;
  applyTranspose(block: Float32Array): Promise<Float32Array>;
}

export const transposed = (maps: PairedMaps): PairedMaps => ({
  count: maps.count,
  rows: maps.cols,
  cols: maps.rows,
  apply: (block) => maps.applyTranspose(block),
  applyTranspose: (block) => maps.apply(block),
});

/**
 * The derivative of one value of a network with respect to an earlier one, at as many operating points at once as the graph's batch has
 * examples. (`LinearizedMap` takes many vectors at one point.) Threads stop between calls: projections take turns among four programs, and
 * pools that spin made them two to three times slower (layer1.1 of ResNet-20, 30 vectors).
 */
export class ExampleMaps {
  readonly #parts: ReturnType<typeof linearize>;
  readonly #from: Value;
  readonly #to: Value;
  readonly #runtime: RuntimeOptions;
  readonly #programs = new Map<Graph, Promise<Program>>();

  constructor(graph: Graph, from: Value, to: Value, runtime: RuntimeOptions = {}) {
    const part = extract(graph, { inputs: [from], outputs: [{ name: 'to', value: to }] });
    this.#parts = linearize(part, { wrt: from.name, of: 'to' });
    [this.#from, this.#to, this.#runtime] = [from, to, runtime];
  }

  #program(graph: Graph, options: RuntimeOptions): Promise<Program> {
    let program = this.#programs.get(graph);
    if (!program) {
      program = compile(graph, options);
      this.#programs.set(graph, program);
    }
    return program;
  }

  /** `x` [batch, ...]: the value that the maps start from. */
  async at(x: TensorData): Promise<PairedMaps> {
    const { primal, tangent, cotangent, residuals } = this.#parts;
    let known: Record<string, TensorData> = {};
    if (residuals.length) {
      const program = await this.#program(primal, { ...this.#runtime, emission: 'plain' });
      const all = await program.run({ [this.#from.name]: x });
      known = Object.fromEntries(residuals.map((name) => [name, all[name]!]));
    }
    const product = (graph: Graph, name: string, shape: readonly number[]) => async (block: Float32Array) => {
      const program = await this.#program(graph, this.#runtime);
      const out = await program.run({ ...known, [name]: tensor('float32', shape, block) });
      return out[`${name}_out`]!.data as Float32Array;
    };
    return {
      count: staticShape(this.#from)[0]!,
      rows: featureCount(this.#to),
      cols: featureCount(this.#from),
      apply: product(tangent, 'tangent', staticShape(this.#from)),
      applyTranspose: product(cotangent, 'cotangent', staticShape(this.#to)),
    };
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
  }
}
