import { averagePooled, batchNorm, biasOf, channelsOf, conv2d, linear, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** What a MobileNetV2 may differ in. */
export interface Mobilenetv2Options {
  readonly classes?: number;
  readonly normalization?: Normalization;
  /** [3, 32, 32] unless told. */
  readonly inputShape?: readonly number[];
}

/** Rows of table 2 of the paper: expansion, channels, repeats, stride of the first; two strides are 1 for small images. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 1],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const init = 'uniformFanIn';

/** Expand by a 1x1 convolution, filter each channel, project back without a nonlinearity. */
function invertedResidual(scope: Scope, x: Value, expansion: number, out: number, stride: number): Value {
  const { b } = scope;
  const inside = channelsOf(x);
  const wide = expansion * inside;
  const expanded = relu(
    scope,
    'relu1',
    batchNorm(scope, 'bn1', conv2d(scope, 'conv1', x, { out: wide, kernel: 1, init })),
  );
  const filter = conv2d(scope, 'conv2', expanded, { out: wide, kernel: 3, stride, groups: wide, init });
  const filtered = relu(scope, 'relu2', batchNorm(scope, 'bn2', filter));
  const branch = batchNorm(scope, 'bn3', conv2d(scope, 'conv3', filtered, { out, kernel: 1, init }));
  if (stride !== 1) return branch;
  const skip =
    inside === out ? x : batchNorm(scope, 'shortcut.1', conv2d(scope, 'shortcut.0', x, { out, kernel: 1, init }));
  return b.op('Add', [branch, skip], {}, { name: scope.path('add') });
}

/**
 * MobileNetV2 (Sandler et al. 2018, 1801.04381) for 32x32 images, as in kuangliu/pytorch-cifar: strides 1 in the first
 * layers, ReLU in place of ReLU6, a projected shortcut where the channels change at stride 1; names as there
 * (`layers.3.conv2.weight`). It starts with PyTorch's defaults, U(-1/sqrt(fanIn), 1/sqrt(fanIn)).
 * 2 296 922 parameters for 10 classes.
 */
export function mobilenetv2({ classes = 10, normalization, inputShape = [3, 32, 32] }: Mobilenetv2Options = {}): Model {
  const body = (scope: Scope, x: Value): Value => {
    let h = relu(scope, 'relu1', batchNorm(scope, 'bn1', conv2d(scope, 'conv1', x, { out: 32, kernel: 3, init })));
    let at = 0;
    for (const [expansion, out, repeats, stride] of stages) {
      for (let i = 0; i < repeats; i++)
        h = invertedResidual(scope.in(`layers.${at++}`), h, expansion, out, i === 0 ? stride : 1);
    }
    h = relu(scope, 'relu2', batchNorm(scope, 'bn2', conv2d(scope, 'conv2', h, { out: 1280, kernel: 1, init })));
    return linear(scope, 'linear', averagePooled(scope, h), classes, { bias: biasOf(1280) });
  };
  return defineModel({ name: 'mobilenetv2', inputShape, classes, normalization, body });
}
