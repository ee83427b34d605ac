import type { GraphBuilder } from '../builder.ts';
import { canEvaluate, evaluate } from '../evaluate.ts';
import type { Attributes, Dim, Graph, Node, Value } from '../graph.ts';
import { inferOutputs } from '../inference/index.ts';
import { dtypes, sizeOf, type TensorData, tensorOf } from '../tensor.ts';
import { KnownSizes } from './known-sizes.ts';
import { prune } from './prune.ts';
import { mapGraph, type Rewrite } from './rewrite.ts';

/** A node that is to be added: its inputs are values of the builder, its outputs only have names ('' for an unused one). */
export interface Planned {
  readonly opType: string;
  readonly domain: string;
  /** '' for a node without a name. */
  readonly name: string;
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  readonly outputNames: readonly string[];
}

/** Results with more elements stay nodes: folding is for sizes, indices and switches, not for weights. */
const largestFolded = 4096;

/** Whether the node's result is its first input. */
function isIdentity({ opType, domain, inputs, attributes }: Planned): boolean {
  const x = inputs[0];
  if (domain !== '' || !x) return false;
  return opType === 'Identity' || (opType === 'Cast' && attributes.to?.value === dtypes[x.dtype].code);
}

/**
 * Adds nodes to a builder, and constants in place of the nodes whose result is known: because all operands are, or
 * because they ask for a size that is. Sizes of open dimensions are followed as far as `KnownSizes` can, so that the target of
 * a Reshape to [batch, -1] is still found. Nodes that change nothing (Identity, casts to the type that a value has)
 * become their input.
 */
export class Folding {
  readonly #b: GraphBuilder;
  readonly #sizes: KnownSizes;

  constructor(b: GraphBuilder) {
    this.#b = b;
    this.#sizes = new KnownSizes((v) => b.constantOf(v));
  }

  add(planned: Planned): readonly Value[] {
    if (isIdentity(planned)) return [planned.inputs[0]!];
    const { opType, domain, name, outputNames } = planned;
    const { inputs, attributes } = this.#settle(planned);
    const node: Node = { name: name || outputNames[0] || opType, opType, domain, inputs, attributes, outputs: [] };
    const known = this.#evaluate(node, outputNames.length);
    if (known) return known.map((t, i) => this.#b.constant(t, outputNames[i] || undefined));
    const entries = this.#sizes.follow(node);
    const [first] = entries ? inferOutputs({ node, outputCount: 1, constant: (v) => this.#b.constantOf(v) }) : [];
    const numbers = entries?.every((e) => typeof e === 'number') ? entries : undefined;
    const isSize = first && first.shape.length < 2 && (/^int/.test(first.dtype) || opType === 'Equal');
    if (isSize && numbers)
      return [this.#b.constant(tensorOf(first.dtype, first.shape as number[], numbers), outputNames[0])];
    const outputs = this.#b.node(opType, inputs, attributes, {
      domain,
      outputs: outputNames.length,
      ...(name ? { name } : {}),
      outputNames: outputNames.map((n, i) => n || `${node.name}_unused${i}`),
    });
    if (isSize && entries) this.#sizes.set(outputs[0]!, entries);
    return outputs;
  }

  #evaluate(node: Node, outputCount: number): readonly TensorData[] | undefined {
    if (!canEvaluate(node)) return undefined;
    const inputs = node.inputs.map((v) => (v ? this.#b.constantOf(v) : undefined));
    if (inputs.some((t, i) => (t === undefined && node.inputs[i]) || (t && t.data.length > largestFolded))) {
      return undefined;
    }
    const outputs = inferOutputs({ node, outputCount, constant: (v) => this.#b.constantOf(v) });
    if (outputs.some(({ shape }) => sizeOf(shape as readonly number[]) > largestFolded)) return undefined;
    return evaluate(node, inputs, outputs);
  }

  /** Writes targets that name open dimensions in the way that the operator has for "as it is". */
  #settle(planned: Planned): Pick<Planned, 'inputs' | 'attributes'> {
    const { opType, domain, inputs, attributes } = planned;
    const operand = domain === '' ? settled[opType]?.operand : undefined;
    const x = inputs[0];
    const target = operand === undefined ? null : inputs[operand];
    const entries = target && !this.#b.constantOf(target) ? this.#sizes.of(target) : undefined;
    if (!x || !entries || operand === undefined) return planned;
    const data = settled[opType]!.write(x.shape, entries);
    if (!data) return planned;
    const moved = [...inputs];
    moved[operand] = null;
    moved[opType === 'Resize' ? 2 : operand] = this.#b.constant(data);
    return { inputs: moved, attributes };
  }
}

type Writer = (x: readonly Dim[], entries: readonly (Dim | undefined)[]) => TensorData | undefined;

const int64s = (values: readonly number[]) => tensorOf('int64', [values.length], values);

/** An open dimension at its own place is 0 ("copy"); one that moved, or an unknown entry, is -1 if it is the only one. */
const reshapeTarget: Writer = (x, entries) => {
  const target = entries.map((e, i) => (typeof e === 'number' ? e : e !== undefined && e === x[i] ? 0 : -1));
  return target.filter((t) => t === -1).length > 1 ? undefined : int64s(target);
};

/** An open dimension that the input has at the same place (from the right) is 1: nothing to expand. */
const expandTarget: Writer = (x, entries) => {
  const target = entries.map((e, i) => {
    if (typeof e === 'number') return e;
    return e !== undefined && e === x[x.length - entries.length + i] ? 1 : undefined;
  });
  return target.every((t) => t !== undefined) ? int64s(target) : undefined;
};

/** Sizes as scales, which leave an open dimension alone by 1. */
const resizeScales: Writer = (x, entries) => {
  const scales = entries.map((e, i) => {
    const from = x[i];
    if (e !== undefined && e === from) return 1;
    if (typeof e !== 'number' || typeof from !== 'number') return undefined;
    const scale = Math.fround(e / from);
    return Math.floor(Math.fround(from * scale)) === e ? scale : undefined;
  });
  if (entries.length !== x.length || !scales.every((s) => s !== undefined)) return undefined;
  return tensorOf('float32', [scales.length], scales);
};

const settled: Readonly<Record<string, { operand: number; write: Writer }>> = {
  Reshape: { operand: 1, write: reshapeTarget },
  Expand: { operand: 1, write: expandTarget },
  Resize: { operand: 3, write: resizeScales },
};

/** A rewrite (for `mapGraph`) that folds what is known on the way. One for each pass. */
export function folding(): Rewrite {
  let state: Folding | undefined;
  return (node, inputs, b) => {
    state ??= new Folding(b);
    return state.add({ ...node, inputs, outputNames: node.outputs.map((v) => v.name) });
  };
}

/**
 * The graph with everything that is known computed: sizes, constants of up to 4096 elements, Identity nodes. What nothing
 * needs any more is left out. The numbers of the outputs do not change.
 */
export function fold(graph: Graph): Graph {
  return prune(mapGraph(graph, folding()));
}
