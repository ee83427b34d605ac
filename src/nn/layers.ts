import type { Value } from '../onnx/index.ts';
import type { Scope } from './scope.ts';

/** Number of channels (or features) of a value: its second dimension. */
export function channelsOf(x: Value): number {
  return x.shape[1] as number;
}

/** Square convolution without bias, `k` odd, padded to keep the size at stride 1. x: [N, C, H, W] -> [N, out, H/stride, W/stride]. */
export function conv2d(
  scope: Scope,
  name: string,
  x: Value,
  options: { out: number; kernel: number; stride?: number },
): Value {
  const { out, kernel, stride = 1 } = options;
  const w = scope.parameter(`${name}.weight`, [out, channelsOf(x), kernel, kernel], 'kaimingNormal');
  const p = (kernel - 1) / 2;
  return scope.b.op(
    'Conv',
    [x, w],
    { kernel_shape: [kernel, kernel], pads: [p, p, p, p], strides: [stride, stride] },
    { name: scope.path(name) },
  );
}

/** Batch normalisation with its running statistics: in evaluation an affine map per channel. epsilon is PyTorch's 1e-5. */
export function batchNorm(scope: Scope, name: string, x: Value): Value {
  const c = [channelsOf(x)];
  const inputs = [
    x,
    scope.parameter(`${name}.weight`, c, 'ones'),
    scope.parameter(`${name}.bias`, c, 'zeros'),
    scope.parameter(`${name}.running_mean`, c, 'zeros', false),
    scope.parameter(`${name}.running_var`, c, 'ones', false),
  ];
  return scope.b.op('BatchNormalization', inputs, { epsilon: 1e-5 }, { name: scope.path(name) });
}

/** y = x Wᵀ + b. x: [N, in] -> [N, out]. */
export function linear(scope: Scope, name: string, x: Value, out: number): Value {
  const w = scope.parameter(`${name}.weight`, [out, channelsOf(x)], 'uniformFanIn');
  const b = scope.parameter(`${name}.bias`, [out], 'zeros');
  return scope.b.op('Gemm', [x, w, b], { transB: 1 }, { name: scope.path(name) });
}

export function relu(scope: Scope, name: string, x: Value): Value {
  return scope.b.op('Relu', [x], {}, { name: scope.path(name) });
}
