import { BallastError, reasonOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';

/** How ONNX Runtime names the node that it could not prepare or run: operator and node, in the order of the groups. */
const mentions: readonly { pattern: RegExp; operator: number; node: number }[] = [
  { pattern: /In Node, \("([^"]*)", (\w+)/, operator: 2, node: 1 },
  { pattern: /while running (\S+) node\. Name:'([^']*)'/, operator: 1, node: 2 },
  { pattern: /implementation for (\S+?)\(\d+\) node with name '([^']*)'/, operator: 1, node: 2 },
  { pattern: /Node ?\(([^)]*)\) Op ?\(([^)]*)\)/, operator: 2, node: 1 },
  { pattern: /operator \(([^)]*)\) in node \(([^)]*)\)/, operator: 1, node: 2 },
  { pattern: /[Nn]ode:(\S*).* [Oo]p(?:erator)?(?: type)?:? ?(\S+)/, operator: 2, node: 1 },
];

/** What kinds of failure mean, by what ONNX Runtime says of them. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/allocate memory|bad[_ ]alloc|out of memory/i, 'there is not enough memory; take smaller batches'],
  [/implementation for|NOT_IMPLEMENTED/i, 'it has no kernel for this operator with these element types or attributes'],
  [/Type ?(Inference)?Error|type error|Type 'tensor/i, 'element types do not fit'],
  [/ShapeInferenceError|shape|dimension|broadcast/i, 'shapes do not fit'],
  [/out of (data )?bounds|out of range|indices/i, 'an index is out of range'],
  [/Unrecognized attribute|attribute/i, 'an attribute is not one that it knows, or has a value that it does not take'],
  [/No Op registered|not a registered function/i, 'it does not know the operator'],
];

/**
 * ONNX Runtime's failure as an error of ours: which graph, which node as far as it says, what kind of failure. Its own text, which
 * is about its sources, stays the cause.
 */
export function runtimeError(graph: string, doing: 'prepare' | 'run', cause: unknown): BallastError {
  const text = reasonOf(cause);
  const found = mentions.map((m) => ({ ...m, match: m.pattern.exec(text) })).find((m) => m.match);
  const operator = found?.match?.[found.operator];
  const name = found?.match?.[found.node];
  const what = operator ? `${printable(operator, 40)}${name ? ` "${printable(name, 80)}"` : ''}` : 'the graph';
  const meaning = meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'it does not say why';
  return new BallastError(`${printable(graph, 200)}: ONNX Runtime cannot ${doing} ${what}: ${meaning}`, { cause });
}
