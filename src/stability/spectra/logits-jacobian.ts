/** The Jacobian of a whole network, from its input to its logits. */
import { abortable, singularValues } from '../../linalg/index.ts';
import { flopsOf, type Graph, type Value } from '../../onnx/index.ts';
import { type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import type { BlockSpectrum } from '../result.ts';
import type { Activations } from '../units/activations.ts';
import type { BlockPlan } from '../units/block-plan.ts';
import { nodesBetween } from '../units/dominators.ts';
import { featureCount } from '../units/units.ts';
import { LinearizedMap } from './jacobian.ts';
import { probeDense } from './probing.ts';

/** What it is called among the blocks of a network. */
export const wholeNetwork = 'network';

/** Products of one vector each, as many as the smaller side has entries. */
const productsOf = ([rows, cols]: readonly [number, number]) => Math.min(rows, cols);

/** What the Jacobian will cost: it is written out, [classes, numbers of an image] in float32, and all of its singular values are taken. */
export function planLogits(graph: Graph, logits: Value): BlockPlan {
  const input = graph.inputs[0]!;
  const shape = [featureCount(logits), featureCount(input)] as const;
  const flops = nodesBetween(graph, input, logits).reduce((sum, node) => sum + flopsOf(node), 0);
  const seconds = productsOf(shape) * (2e-4 + (2 * flops) / 2e10) + productsOf(shape) ** 2 * Math.max(...shape) * 1e-9;
  return { method: 'dense', shape, seconds, bytes: 12 * shape[0] * shape[1] + 2e8 };
}

/** Programs that linearize a network at any image. Use `measure` for each, then `dispose`. */
export class LogitsJacobian {
  readonly #map: LinearizedMap;
  readonly #input: Value;
  readonly #options: { readonly runtime: RuntimeOptions; readonly signal?: AbortSignal | undefined };

  /** `graph`: laid out for one image. Throws GraphError naming an operator that has no derivative. */
  constructor(
    graph: Graph,
    logits: Value,
    options: { readonly runtime: RuntimeOptions; readonly signal?: AbortSignal | undefined },
  ) {
    this.#input = graph.inputs[0]!;
    const vectors = Math.min(16, featureCount(logits));
    this.#map = new LinearizedMap(graph, this.#input, logits, { vectors, runtime: options.runtime });
    this.#options = options;
  }

  /** All singular values at an image: how far the logits move, in l2, where the pixels move by 1. Throws BallastError where memory does not suffice. */
  async measure(at: Activations, { shape, bytes }: BlockPlan): Promise<BlockSpectrum> {
    const began = performance.now();
    const { runtime, signal } = this.#options;
    requireMemory(bytes, `the Jacobian of ${shape[0]} logits by ${shape[1]} pixels`, 'take smaller images');
    const operator = abortable(await this.#map.at(at.get(this.#input)!), signal);
    const { matrix, rows, cols } = await probeDense(operator, this.#map.vectors);
    const { values, maxResidual } = await singularValues(matrix, rows, cols, { signal, threads: runtime.threads });
    return {
      name: wholeNetwork,
      shape: [shape[0], shape[1]],
      finalRelu: false,
      method: 'dense',
      singularValues: Array.from(values),
      complete: true,
      ...{ plateau: null, above: null, below: null, zero: null, tolerance: 1e-5 },
      ...{ activeHidden: null, hiddenSize: null, bound: null },
      maxResidual,
      seconds: (performance.now() - began) / 1000,
    };
  }

  dispose(): Promise<void> {
    return this.#map.dispose();
  }
}
