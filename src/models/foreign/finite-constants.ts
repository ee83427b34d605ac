import { FileError } from '../../base/errors.ts';
import { cut } from '../../base/printable.ts';
import { describeNonFinite, nonFiniteIn } from '../../nn/index.ts';
import type { Graph, Node, Value } from '../../onnx/index.ts';

/** Where infinity is an ordinary operand: bounds, comparisons, what fills a border or a mask. */
const takesInfinity = new Set([
  'Where',
  'Clip',
  'Min',
  'Max',
  'Pad',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
]);

/** What hands a constant on as it is. */
const passesOn = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
  'Slice',
  'Gather',
  'Concat',
]);

/** Whether every use of a value bears infinities. An additive mask holds minus infinity alone. */
function bearsInfinity(start: Value, usersOf: ReadonlyMap<Value, readonly Node[]>, minusOnly: boolean): boolean {
  const seen = new Set<Value>();
  const todo = [start];
  for (let value = todo.pop(); value; value = todo.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const { opType, outputs } of usersOf.get(value) ?? []) {
      if (passesOn.has(opType)) for (const output of outputs) todo.push(output);
      else if (!takesInfinity.has(opType) && !(minusOnly && opType === 'Add')) return false;
    }
  }
  return true;
}

/**
 * What is wrong with a network whose weights are not finite: a NaN in any constant that a node uses, and an infinity in one that is no mask or bound. The
 * tensor's name, how many values and where the first is; undefined where all is well.
 */
export function nonFiniteConstant(graph: Graph): string | undefined {
  const usersOf = new Map<Value, Node[]>();
  for (const node of graph.nodes)
    for (const value of node.inputs) {
      if (!value) continue;
      const users = usersOf.get(value);
      if (users) users.push(node);
      else usersOf.set(value, [node]);
    }
  for (const [value, tensor] of graph.constants) {
    const found = usersOf.has(value) ? nonFiniteIn(tensor) : undefined;
    if (!found || (!found.nan && bearsInfinity(value, usersOf, !found.positive))) continue;
    return `weights must be finite numbers; in ${cut(value.name, 80)}: ${describeNonFinite(found, tensor.data.length)}`;
  }
  return undefined;
}

/** Refuses a file with such weights. Throws FileError. */
export function checkConstants(graph: Graph, path: string): void {
  const problem = nonFiniteConstant(graph);
  if (problem !== undefined) throw new FileError(path, problem);
}
