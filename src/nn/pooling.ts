import type { Value } from '../onnx/index.ts';
import type { Scope } from './scope.ts';

/** Maximum over windows of 2 x 2, side by side: half the size. */
export function maxPool2(scope: Scope, name: string, x: Value): Value {
  return scope.b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }, { name: scope.path(name) });
}

/** Mean over all pixels. [N, C, H, W] -> [N, C]. */
export function averagePooled(scope: Scope, x: Value): Value {
  return flattened(scope, scope.b.op('GlobalAveragePool', [x], {}, { name: scope.path('pool') }));
}

/** [N, C, H, W] -> [N, C H W]. */
export function flattened(scope: Scope, x: Value): Value {
  return scope.b.op('Flatten', [x], { axis: 1 }, { name: scope.path('flatten') });
}
