import type { Graph } from '../onnx/index.ts';
import { compile, type Program, type RuntimeOptions } from '../runtime/index.ts';

/** One compiled graph for each batch size that is asked for: the last batch of a data set is a smaller one. */
export class ProgramsBySize {
  readonly #made = new Map<number, Program>();
  readonly #graph: (batch: number) => Graph;
  readonly #options: RuntimeOptions;

  constructor(graph: (batch: number) => Graph, options: RuntimeOptions) {
    this.#graph = graph;
    this.#options = { spinning: true, ...options };
  }

  async of(size: number): Promise<Program> {
    const known = this.#made.get(size);
    if (known) return known;
    const made = await compile(this.#graph(size), this.#options);
    this.#made.set(size, made);
    return made;
  }

  async dispose(): Promise<void> {
    for (const program of this.#made.values()) await program.dispose();
  }
}
