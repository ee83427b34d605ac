import type { Graph, TensorData, Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { type Block, inputOf, outputOf } from '../units/block-ends.ts';
import type { BranchFactors } from './energies.ts';
import { ExampleMaps, type PairedMaps } from './example-maps.ts';

/** A block's Jacobian at each example of a batch, and its factors where it is a unit a I + U V. */
export class BlockMaps {
  readonly input: Value;
  /** Where the map ends: the addition, or the ReLU after it. */
  readonly output: Value;
  readonly #whole: ExampleMaps;
  readonly #factors:
    | { readonly pre: Value; readonly incoming: ExampleMaps; readonly outgoing: ExampleMaps }
    | undefined;

  /** `graph`: laid out for as many examples as there are vectors, `block` found in it. */
  constructor(graph: Graph, block: Block, { finalRelu, runtime }: { finalRelu: boolean; runtime?: RuntimeOptions }) {
    this.input = inputOf(block);
    this.output = outputOf(block, finalRelu);
    this.#whole = new ExampleMaps(graph, this.input, this.output, runtime);
    const [unit] = block.units;
    if (block.units.length !== 1 || !unit?.hidden || unit.shortcut !== unit.input || this.output !== unit.sum) return;
    const { pre, post } = unit.hidden;
    this.#factors = {
      pre,
      // Both ways pass the ReLU, so that only active hidden units count.
      incoming: new ExampleMaps(graph, unit.input, post, runtime),
      outgoing: new ExampleMaps(graph, pre, unit.branch, runtime),
    };
  }

  /** The values of the network that `at` needs. */
  get needed(): readonly Value[] {
    return this.#factors ? [this.input, this.#factors.pre] : [this.input];
  }

  async at(values: ReadonlyMap<Value, TensorData>): Promise<{ maps: PairedMaps; factors: BranchFactors | undefined }> {
    const x = values.get(this.input)!;
    const maps = await this.#whole.at(x);
    if (!this.#factors) return { maps, factors: undefined };
    const { incoming, outgoing, pre } = this.#factors;
    return { maps, factors: { incoming: await incoming.at(x), outgoing: await outgoing.at(values.get(pre)!) } };
  }

  async dispose(): Promise<void> {
    for (const maps of [this.#whole, this.#factors?.incoming, this.#factors?.outgoing]) await maps?.dispose();
  }
}
