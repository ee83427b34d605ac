import { InputError } from '../../base/errors.ts';
import { nearestNames } from '../../base/names.ts';
import { type Graph, type Node, staticShape, toNumbers, type Value } from '../../onnx/index.ts';
import { consumers, DominatorTree, nodesBetween, producers } from './dominators.ts';
import { commonPrefix, type NamedUnit, unitNames } from './unit-names.ts';

/**
 * A residual unit y = [relu](a S x + F(x)), found by the graph's structure: an Add that joins a branch F, which bends, with
 * a shortcut S, which does not.
 */
export interface Unit {
  readonly name: string;
  /** x: where branch and shortcut part. */
  readonly input: Value;
  /** F(x): one operand of the addition. */
  readonly branch: Value;
  /** S x: the other operand without its scale; `input` itself for an identity shortcut. */
  readonly shortcut: Value;
  /** a: the constant by which the other operand multiplies S x; 1 where it is S x itself. */
  readonly skipScale: number;
  /** The result of the addition. */
  readonly sum: Value;
  /** relu(sum) where the network has that ReLU right after the addition, else `sum`. */
  readonly output: Value;
  /** The last ReLU of the branch, when everything after it is affine: its input and output. Null when there is none. */
  readonly hidden: { readonly pre: Value; readonly post: Value } | null;
}

/** Consecutive units with one output shape. */
export interface Stage {
  readonly name: string;
  readonly units: readonly Unit[];
}

/** Affine in their data input as long as every other input is a constant. */
const affine = new Set(
  'Conv Gemm MatMul BatchNormalization Add Sub Mul Div Neg Slice Pad Concat Identity AveragePool GlobalAveragePool Reshape Flatten Transpose Dropout Cast Squeeze Unsqueeze Split Gather ReduceMean ReduceSum Expand ConvTranspose'.split(
    ' ',
  ),
);
const weighty = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);

function isAffine(nodes: readonly Node[], tree: DominatorTree): boolean {
  return nodes.every((node) => {
    const active = node.inputs.filter((v) => v !== null && tree.has(v)).length;
    const linear = active <= 1 || node.opType === 'Add' || node.opType === 'Sub' || node.opType === 'Concat';
    return active === 0 || (affine.has(node.opType) && linear);
  });
}

const sameShape = (a: Value, b: Value) =>
  a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]);

/** `value` as a number times an earlier value, not going behind `input`: constants that multiply all of it are taken off. */
function withoutScale(
  graph: Graph,
  makers: ReadonlyMap<Value, Node>,
  value: Value,
  input: Value,
): { value: Value; scale: number } {
  const { constants } = graph;
  const node = value === input ? undefined : makers.get(value);
  if (node?.opType !== 'Mul' || node.domain !== '') return { value, scale: 1 };
  const factor = node.inputs.find((v) => v && constants.get(v)?.data.length === 1);
  const rest = node.inputs.find((v) => v !== factor);
  if (!factor || !rest || !sameShape(rest, value)) return { value, scale: 1 };
  const inner = withoutScale(graph, makers, rest, input);
  return { value: inner.value, scale: inner.scale * toNumbers(constants.get(factor)!)[0]! };
}

/** An addition that looks like the join of a unit and is none. */
export interface SkippedJoin {
  /** Of the addition's node. */
  readonly name: string;
  readonly because: string;
}

interface Found extends NamedUnit {
  readonly unit: Omit<Unit, 'name'>;
}

/** What an addition joins: a unit, a reason why it is none though it looks like one, or nothing of the kind. */
function examine(
  graph: Graph,
  node: Node,
  known: {
    readonly tree: DominatorTree;
    readonly readers: ReadonlyMap<Value, readonly Node[]>;
    readonly makers: ReadonlyMap<Value, Node>;
  },
): Found | SkippedJoin | undefined {
  const { tree, readers, makers } = known;
  const [p, q] = node.inputs;
  const sum = node.outputs[0]!;
  if (!p || !q || p === q || !tree.has(p) || !tree.has(q) || !sameShape(p, sum) || !sameShape(q, sum)) return undefined;
  const input = tree.meet(p, q);
  if (!input || input.shape.length < 2) return undefined;
  // Scales are no part of what tells the sides apart: a network has the same units after an intervention as before.
  const sides = [p, q].map((operand) => {
    const { value, scale } = withoutScale(graph, makers, operand, input);
    const nodes = nodesBetween(graph, input, value).filter((n) => n.outputs.some((v) => tree.has(v)));
    const weight = nodes.filter((n) => weighty.has(n.opType)).length;
    return { operand, value, scale, nodes, affine: isAffine(nodes, tree), weight };
  });
  const [shortcut, branch] = (sides[0]!.nodes.length <= sides[1]!.nodes.length ? sides : sides.toReversed()) as [
    (typeof sides)[0],
    (typeof sides)[0],
  ];
  if (branch.affine || branch.weight === 0) return undefined;
  if (!shortcut.affine) {
    const normalizing = shortcut.nodes.find(
      (n) => n.opType.endsWith('Normalization') && n.opType !== 'BatchNormalization',
    );
    const rest = shortcut.nodes.filter((n) => n !== normalizing && n.opType !== 'Mul');
    if (!normalizing || !isAffine(rest, tree)) return undefined;
    return { name: node.name, because: `its shortcut has ${normalizing.opType}, which is not affine` };
  }
  const next = readers.get(sum) ?? [];
  const output = next.length === 1 && next[0]!.opType === 'Relu' ? next[0]!.outputs[0]! : sum;
  const lastRelu = branch.nodes.findLast((n) => n.opType === 'Relu');
  const post = lastRelu?.outputs[0];
  const separates =
    post && tree.dominates(post, branch.operand) && isAffine(nodesBetween(graph, post, branch.operand), tree);
  const hidden = separates ? { pre: lastRelu!.inputs[0]!, post } : null;
  const { value, scale } = shortcut;
  return {
    unit: { input, branch: branch.operand, shortcut: value, skipScale: scale, sum, output, hidden },
    join: node,
    branch: branch.nodes,
    weighty: branch.nodes.filter((n) => weighty.has(n.opType)),
  };
}

function examineAll(graph: Graph): (Found | SkippedJoin)[] {
  const known = { tree: new DominatorTree(graph), readers: consumers(graph), makers: producers(graph) };
  return graph.nodes.flatMap((node) => (node.opType === 'Add' ? (examine(graph, node, known) ?? []) : []));
}

/** The residual units of a network, in the order in which they are computed. */
export function findUnits(graph: Graph): Unit[] {
  const found = examineAll(graph).filter((f) => 'unit' in f);
  const names = unitNames(graph, found);
  return found.map(({ unit }, i) => ({ name: names[i]!, ...unit }));
}

/** Additions that are no units for a reason that a user of the network will want to know. */
export function skippedJoins(graph: Graph): SkippedJoin[] {
  return examineAll(graph).filter((f) => 'because' in f);
}

/** Units grouped into stages: consecutive ones that feed each other and have one output shape. */
export function findStages(units: readonly Unit[]): Stage[] {
  const groups: Unit[][] = [];
  for (const unit of units) {
    const last = groups.at(-1)?.at(-1);
    if (last && last.output === unit.input && sameShape(last.output, unit.output)) groups.at(-1)!.push(unit);
    else groups.push([unit]);
  }
  return groups.map((members, i) => {
    const prefix = commonPrefix(members.map((u) => u.name.split('.'))).join('.');
    const unique =
      prefix !== '' &&
      members.length > 1 &&
      !groups.some((g) => g !== members && g.some((u) => u.name.startsWith(`${prefix}.`)));
    return { name: unique ? prefix : `stage${i + 1}`, units: members };
  });
}

/** Where the unit called `name` stands. Throws InputError of the request's `key`, with the nearest names, when there is none. */
export function unitIndex(units: readonly Unit[], name: string, key: string): number {
  const i = units.findIndex((u) => u.name === name);
  if (i >= 0) return i;
  const names = units.map((u) => u.name);
  const hint = names.length
    ? `; nearest: ${nearestNames(name, names).join(', ')}`
    : '; the model has no residual units';
  throw new InputError(key, `there is no unit "${name}"${hint}`);
}

/**
 * Resolves a selection of units, the request's `key`: `all`, `none`, names, or runs `layer3.1..layer3.4` (from the first
 * unit's input to the last one's output). Throws InputError with the nearest names for one that does not exist.
 */
export function selectUnits(
  units: readonly Unit[],
  selection: string,
  key = 'units',
): { name: string; units: readonly Unit[] }[] {
  if (selection === 'none') return [];
  if (selection === 'all') return units.map((u) => ({ name: u.name, units: [u] }));
  const position = (name: string) => unitIndex(units, name, key);
  return selection.split(',').map((part) => {
    const item = part.trim();
    const [first, last] = item.split('..');
    if (last === undefined) return { name: item, units: [units[position(item)]!] };
    const [from, to] = [position(first!), position(last)];
    if (from > to) throw new InputError(key, `the run ${item} goes backwards`);
    const run = units.slice(from, to + 1);
    for (let i = 1; i < run.length; i++) {
      if (run[i]!.input !== run[i - 1]!.output)
        throw new InputError(key, `${run[i]!.name} does not follow ${run[i - 1]!.name} directly`);
    }
    return { name: item, units: run };
  });
}

/** Size of a value without its batch axis. */
export function featureCount(v: Value): number {
  return staticShape(v)
    .slice(1)
    .reduce((n, d) => n * d, 1);
}
