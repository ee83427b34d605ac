import type { Value } from '../onnx/index.ts';
import type { Initializer } from './parameters.ts';
import type { Scope } from './scope.ts';

/**
 * Rows of a table. tokens: int64 [...] -> [..., width]. Also returns the table, for layers that share it; `alias` is then
 * the name that PyTorch gives it there.
 */
export function embedding(
  scope: Scope,
  name: string,
  tokens: Value,
  { count, width, init, alias }: { count: number; width: number; init: Initializer; alias?: string | undefined },
): { readonly rows: Value; readonly weight: Value } {
  const weight = scope.parameter(`${name}.weight`, [count, width], init, true, alias);
  const rows = scope.b.op('Gather', [weight, tokens], { axis: 0 }, { name: scope.path(name) });
  return { rows, weight };
}
