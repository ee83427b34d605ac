import type { Value } from '../onnx/index.ts';
import type { Initializer } from './parameters.ts';
import type { Scope } from './scope.ts';

/** Number of channels (or features) of a value: its second dimension. */
export function channelsOf(x: Value): number {
  return x.shape[1] as number;
}

export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** On every side; what keeps the size at stride 1 (odd kernels) unless told. */
  readonly padding?: number;
  /** How the bias starts; none unless told. */
  readonly bias?: Initializer;
  /** How the weight starts; `kaimingNormal` unless told. */
  readonly init?: Initializer;
}

/** Square convolution. x: [N, C, H, W] -> [N, out, H', W']. */
export function conv2d(scope: Scope, name: string, x: Value, options: ConvOptions): Value {
  const { out, kernel, stride = 1, dilation = 1, groups = 1, bias, init = 'kaimingNormal' } = options;
  const p = options.padding ?? (dilation * (kernel - 1)) / 2;
  const inputs = [x, scope.parameter(`${name}.weight`, [out, channelsOf(x) / groups, kernel, kernel], init)];
  if (bias) inputs.push(scope.parameter(`${name}.bias`, [out], bias));
  return scope.b.op(
    'Conv',
    inputs,
    {
      kernel_shape: [kernel, kernel],
      pads: [p, p, p, p],
      strides: [stride, stride],
      ...(dilation === 1 ? {} : { dilations: [dilation, dilation] }),
      ...(groups === 1 ? {} : { group: groups }),
    },
    { name: scope.path(name) },
  );
}

/** PyTorch's start of a bias beside a weight that starts `uniformFanIn`: both have the bound 1/sqrt(fanIn). */
export function biasOf(fanIn: number): Initializer {
  return { uniform: 1 / Math.sqrt(fanIn) };
}

/** Batch normalization with its running statistics: in evaluation an affine map per channel. epsilon is PyTorch's 1e-5. */
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

/** y = x Wᵀ + b. x: [N, in] -> [N, out]. `bias: false` leaves b out. */
export function linear(
  scope: Scope,
  name: string,
  x: Value,
  out: number,
  { init = 'uniformFanIn', bias = 'zeros' }: { init?: Initializer; bias?: Initializer | false } = {},
): Value {
  const inputs = [x, scope.parameter(`${name}.weight`, [out, channelsOf(x)], init)];
  if (bias) inputs.push(scope.parameter(`${name}.bias`, [out], bias));
  return scope.b.op('Gemm', inputs, { transB: 1 }, { name: scope.path(name) });
}

export function relu(scope: Scope, name: string, x: Value): Value {
  return scope.b.op('Relu', [x], {}, { name: scope.path(name) });
}
