import type { Value } from '../onnx/index.ts';
import type { Initializer } from './parameters.ts';
import type { Scope } from './scope.ts';

/** Rows of a table. tokens: int64 [...] -> [..., width]. Also returns the table, for layers that share it. */
export function embedding(
  scope: Scope,
  name: string,
  tokens: Value,
  { count, width, init }: { count: number; width: number; init: Initializer },
): { readonly rows: Value; readonly weight: Value } {
  const weight = scope.parameter(`${name}.weight`, [count, width], init);
  const rows = scope.b.op('Gather', [weight, tokens], { axis: 0 }, { name: scope.path(name) });
  return { rows, weight };
}
