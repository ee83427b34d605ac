import { tensorOf, type Value } from '../onnx/index.ts';
import type { Scope } from './scope.ts';

/**
 * A Dropout node with its `ratio` in [0, 1) and training_mode false: the identity in evaluation, and the place where
 * training puts its masks. Nothing at ratio 0.
 */
export function dropout(scope: Scope, name: string, x: Value, ratio: number): Value {
  if (ratio === 0) return x;
  const off = scope.b.constant(tensorOf('bool', [], [0]));
  return scope.b.op('Dropout', [x, scope.b.scalar(ratio), off], {}, { name: scope.path(name) });
}
