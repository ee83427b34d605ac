import type { Graph, Value } from '../../onnx/index.ts';
import { DominatorTree, nodesBetween } from '../units/dominators.ts';
import { findUnits, type Unit } from '../units/units.ts';

/** What a map of the residual stream is: a block, one of its two units, or the whole way. */
export type StreamPart = 'block' | 'attention' | 'feed-forward' | 'convolution' | 'stream';

/** A map from one state of the residual stream to a later one. */
export interface StreamMap {
  readonly name: string;
  readonly part: StreamPart;
  readonly from: Value;
  readonly to: Value;
  /** Names of the units that it consists of. */
  readonly units: readonly string[];
  /** x + F(x), with nothing that normalizes x itself (pre-norm): F is then the map without the identity. */
  readonly additive: boolean;
}

const isAdditive = (units: readonly Unit[], to: Value): boolean =>
  units.every((u, i) => u.shortcut === u.input && u.skipScale === 1 && (i === 0 || u.input === units[i - 1]!.sum)) &&
  to === units.at(-1)!.sum;

function partOf(graph: Graph, unit: Unit): StreamPart {
  const nodes = nodesBetween(graph, unit.input, unit.branch);
  if (nodes.some((n) => n.opType === 'Softmax')) return 'attention';
  return nodes.some((n) => n.opType === 'Conv') ? 'convolution' : 'feed-forward';
}

/** What a layer normalization consists of, where a file has it written out. */
const normalizing = new Set(
  'LayerNormalization RMSNormalization ReduceMean Sub Pow Mul Add Sqrt Div Reciprocal Cast'.split(' '),
);
/** One of these is in each: without them it is arithmetic of another kind. */
const telling = new Set(['LayerNormalization', 'RMSNormalization', 'Sqrt']);

/** What a normalization, one operator or written out, makes of a sum that nothing else reads, as post-norm blocks have it. */
function normalizedSum(graph: Graph, tree: DominatorTree, sum: Value): Value | undefined {
  const inside = new Set([sum]);
  const open = new Set<Value>();
  let told = false;
  for (const node of graph.nodes) {
    const read = node.inputs.filter((v): v is Value => v !== null && tree.has(v));
    const own = read.filter((v) => inside.has(v));
    if (own.length === 0) continue;
    // A mean over other axes than the last is no part of it: that of all tokens, say, in front of a classifier.
    const pools =
      node.opType === 'ReduceMean' && node.outputs[0]!.shape.join() !== [...sum.shape.slice(0, -1), 1].join();
    if (!normalizing.has(node.opType) || pools || own.length < read.length) for (const v of own) open.add(v);
    else {
      for (const v of node.outputs) inside.add(v);
      told ||= telling.has(node.opType);
    }
  }
  for (const { value } of graph.outputs) if (inside.has(value)) open.add(value);
  const [end, ...more] = open;
  return told && end && end !== sum && more.length === 0 && sameShape(end, sum) ? end : undefined;
}

/**
 * The blocks of a transformer, their units by themselves, and the whole stream from the first state to the last. A block is an attention unit with the feed-forward
 * unit that follows it; other units are blocks of their own. In post-norm networks, told by a unit that begins behind the
 * normalization of the sum before it, a block ends behind its normalization.
 */
export function streamMaps(graph: Graph): StreamMap[] {
  const units = findUnits(graph);
  const tree = new DominatorTree(graph);
  const normalized = new Map(units.map((u) => [u.sum, normalizedSum(graph, tree, u.sum)]));
  const kinds = units.map((u) => partOf(graph, u));
  const postNorm = units.some((u, i) => i > 0 && normalized.get(units[i - 1]!.sum) === u.input);
  const endOf = (u: Unit) => (postNorm ? (normalized.get(u.sum) ?? u.sum) : u.sum);
  const maps: StreamMap[] = [];
  const blocks: StreamMap[] = [];
  const whole = (name: string, part: StreamPart, members: readonly Unit[]): StreamMap => {
    const to = endOf(members.at(-1)!);
    const own = members.map((u) => u.name);
    return { name, part, from: members[0]!.input, to, units: own, additive: isAdditive(members, to) };
  };
  for (let i = 0; i < units.length; i++) {
    const [unit, next] = [units[i]!, units[i + 1]];
    const single: StreamMap = {
      ...whole(unit.name, kinds[i]!, [unit]),
      to: unit.sum,
      additive: isAdditive([unit], unit.sum),
    };
    const paired = next && kinds[i] === 'attention' && kinds[i + 1] === 'feed-forward' && next.input === endOf(unit);
    const members = paired ? [unit, next] : [unit];
    const block = whole(blockName(members.map((u) => u.name)), 'block', members);
    blocks.push(block);
    maps.push(block);
    if (!paired) continue;
    maps.push(single, {
      ...whole(next.name, kinds[i + 1]!, [next]),
      to: next.sum,
      additive: isAdditive([next], next.sum),
    });
    i++;
  }
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first && last && first !== last && sameShape(first.from, last.to)) {
    const all = blocks.flatMap((b) => b.units);
    maps.push({ name: 'stream', part: 'stream', from: first.from, to: last.to, units: all, additive: false });
  }
  return maps;
}

const sameShape = (a: Value, b: Value) => a.shape.join() === b.shape.join();

/** What the names of its units have in common, cut at a dot; the numbers of several units of one module are no part of it. */
function blockName(names: readonly string[]): string {
  const [first, ...rest] = names.map((n) => n.replace(/#\d+$/, '').split('.'));
  const apart = first!.findIndex((part, i) => rest.some((r) => r[i] !== part));
  const common = apart < 0 ? first! : first!.slice(0, apart);
  return common.length ? common.join('.') : names.join('+');
}
