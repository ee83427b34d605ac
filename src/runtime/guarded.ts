import {
  copyNode,
  floatAttribute,
  type Graph,
  type GraphBuilder,
  intAttribute,
  mapGraph,
  type Node,
  toNumbers,
  type Value,
  windowOf,
} from '../onnx/index.ts';

/** Nodes that ONNX Runtime would end the process at, or misread, and how they are written instead. */

const integers = new Set(['int64', 'int32', 'int16', 'int8', 'uint8']);

/** Integer division by 0, or of the smallest number by -1, is a trap of the processor that ends the process. */
function mayTrap(node: Node, graph: Graph): boolean {
  if (node.domain !== '' || (node.opType !== 'Div' && node.opType !== 'Mod')) return false;
  const divisor = node.inputs[1]!;
  if (!integers.has(divisor.dtype)) return false;
  const known = graph.constants.get(divisor);
  return !known || toNumbers(known).some((v) => v === 0 || v === -1);
}

/** The element types for which ONNX Runtime selects (Where); others are divided as int32, which holds them. */
const selectable = new Set(['int64', 'int32', 'uint8']);

/** Quotient and remainder of a division by 0 are 0 (as in NumPy); by -1 the quotient is -x, which wraps, and the remainder 0. */
function guarded(b: GraphBuilder, node: Node, operands: readonly Value[]): Value {
  const { dtype } = operands[0]!;
  const [x, divisor] = operands.map((v) => (selectable.has(dtype) ? v : b.cast(v, 'int32'))) as [Value, Value];
  const number = (v: number) => b.scalar(v, x.dtype);
  const isZero = b.op('Equal', [divisor, number(0)]);
  const isMinusOne = dtype === 'uint8' ? undefined : b.op('Equal', [divisor, number(-1)]);
  const traps = isMinusOne ? b.op('Or', [isZero, isMinusOne]) : isZero;
  const safe = b.where(traps, number(1), divisor);
  const divided = b.node(node.opType, [x, safe], node.attributes, { name: node.name })[0]!;
  const negated = () => (isMinusOne ? b.where(isMinusOne, b.sub(number(0), x), divided) : divided);
  return b.cast(
    node.opType === 'Mod' ? b.where(traps, number(0), divided) : b.where(isZero, number(0), negated()),
    dtype,
  );
}

const pools = new Set(['MaxPool', 'AveragePool', 'LpPool']);

/**
 * A pool with `ceil_mode` whose last window would start in the padding and does not count: ONNX Runtime's shape inference (not its
 * kernels) counts it, and then refuses the nodes that follow.
 */
function isMiscounted(node: Node): boolean {
  if (node.domain !== '' || !pools.has(node.opType) || intAttribute(node, 'ceil_mode', 0) !== 1) return false;
  const sizes = node.inputs[0]!.shape.slice(2);
  if (!sizes.every((d) => typeof d === 'number')) return false;
  const { kernel, strides, dilations, pads } = windowOf(node, sizes);
  return sizes.some((n, i) => {
    const room = n + pads[i]! + pads[sizes.length + i]! - (kernel[i]! - 1) * dilations[i]! - 1;
    return Math.ceil(room / strides[i]!) + 1 !== node.outputs[0]!.shape[i + 2];
  });
}

const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/**
 * ONNX Runtime writes the new running statistics of a batch normalization in training mode over the old ones, whoever reads these after it:
 * another node, the same one for its other statistic, or, where they are constants, the next run. Only what the caller feeds is left as it is.
 */
class RunningStatistics {
  readonly #constants: Graph['constants'];
  readonly #producers: ReadonlyMap<Value, Node>;
  readonly #uses = new Map<Value, number>();

  constructor(graph: Graph) {
    this.#constants = graph.constants;
    this.#producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
    const used = [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.value)];
    for (const v of used) if (v) this.#uses.set(v, (this.#uses.get(v) ?? 0) + 1);
  }

  /** Whether a node would overwrite what may be read elsewhere. */
  overwrites(node: Node): boolean {
    const training = node.opType === 'BatchNormalization' && intAttribute(node, 'training_mode', 0) === 1;
    if (node.domain !== '' || !training || node.outputs.length < 2) return false;
    return [3, 4].some((i) => {
      const v = node.inputs[i]!;
      const producer = this.#producers.get(v);
      return this.#constants.has(v) || (producer && (this.#uses.get(v)! > 1 || views.has(producer.opType)));
    });
  }
}

/** The statistics of the batch as means beside the normalization, which takes them as if it were in evaluation mode. */
function withOwnStatistics(node: Node, inputs: readonly (Value | null)[], b: GraphBuilder): readonly Value[] {
  const [x, scale, bias, ...old] = inputs as readonly [Value, Value, Value, Value, Value];
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const averaged = (v: Value) => b.op('ReduceMean', [v, b.integers(axes)], { keepdims: 1 });
  const mean = averaged(x);
  const apart = b.sub(x, mean);
  const now = [mean, averaged(b.mul(apart, apart))].map((v) => b.op('Squeeze', [v, b.integers(axes)]));
  const { training_mode: _, ...attributes } = node.attributes;
  const [normal] = b.node(node.opType, [x, scale, bias, ...now], attributes, { name: node.name });
  const kept = floatAttribute(node, 'momentum', 0.9);
  const updated = now.map((v, i) => b.add(b.scale(old[i]!, kept), b.scale(v, 1 - kept)));
  return [normal!, ...updated].slice(0, node.outputs.length);
}

/** The graph without normalizations that would overwrite what others read: after those emissions that compute their statistics themselves. */
export function keptStatistics(graph: Graph): Graph {
  const statistics = new RunningStatistics(graph);
  if (!graph.nodes.some((n) => statistics.overwrites(n))) return graph;
  return mapGraph(graph, (node, inputs, b) =>
    statistics.overwrites(node) ? withOwnStatistics(node, inputs, b) : undefined,
  );
}

/** The graph with divisions that end no process and pools of the right size. Graphs without such nodes come back as they are. */
export function guardedGraph(graph: Graph): Graph {
  const isOrdinary = (n: Node) => !mayTrap(n, graph) && !isMiscounted(n);
  if (graph.nodes.every(isOrdinary)) return graph;
  return mapGraph(graph, (node, inputs, b) => {
    if (mayTrap(node, graph)) return [guarded(b, node, inputs as readonly Value[])];
    if (!isMiscounted(node)) return undefined;
    // A slice of all that there is says the true size.
    const sizes = node.outputs[0]!.shape.slice(2) as readonly number[];
    const axes = sizes.map((_, i) => i + 2);
    const [starts, ends] = [b.integers(axes.map(() => 0)), b.integers(sizes)];
    return copyNode(b, node, inputs).map((v) => b.op('Slice', [v, starts, ends, b.integers(axes)]));
  });
}
