import { UsageError } from '../../base/errors.ts';
import { batchNorm, channelsOf, conv2d, linear, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** How a unit's skip connection crosses a change of size: A subsamples and adds zero channels, B is a 1x1 convolution. */
export type Shortcut = 'A' | 'B';

/** What a residual network may differ in. */
export interface ResnetOptions {
  /** 6n + 2: 20, 32, 44, 56, 110, ... */
  readonly depth: number;
  readonly shortcut?: Shortcut;
  /** BN-ReLU-conv twice and no ReLU after the addition (He et al. 2016, 1603.05027). */
  readonly preActivation?: boolean;
  /** Channels of the first stage; doubled at each of the two following. */
  readonly width?: number;
  readonly classes?: number;
  readonly normalization?: Normalization;
  /** [3, 32, 32] unless told; height and width divisible by 4. */
  readonly inputShape?: readonly number[];
}

function subsample(scope: Scope, x: Value, out: number): Value {
  const { b } = scope;
  const [, c, h, w] = x.shape as readonly number[];
  const cut = b.op(
    'Slice',
    [x, b.integers([0, 0]), b.integers([h!, w!]), b.integers([2, 3]), b.integers([2, 2])],
    {},
    { name: scope.path('shortcut.slice') },
  );
  const extra = (out - c!) / 2;
  const pads = b.integers([0, extra, 0, 0, 0, extra, 0, 0]);
  return b.op('Pad', [cut, pads], {}, { name: scope.path('shortcut.pad') });
}

function skip(scope: Scope, x: Value, out: number, stride: number, shortcut: Shortcut, normalized: boolean): Value {
  if (stride === 1 && channelsOf(x) === out) return x;
  if (shortcut === 'A') return subsample(scope, x, out);
  const projected = conv2d(scope, 'shortcut.0', x, { out, kernel: 1, stride });
  return normalized ? batchNorm(scope, 'shortcut.1', projected) : projected;
}

function postActivationUnit(scope: Scope, x: Value, out: number, stride: number, shortcut: Shortcut): Value {
  const hidden = relu(scope, 'relu1', batchNorm(scope, 'bn1', conv2d(scope, 'conv1', x, { out, kernel: 3, stride })));
  const branch = batchNorm(scope, 'bn2', conv2d(scope, 'conv2', hidden, { out, kernel: 3 }));
  const sum = scope.b.op('Add', [branch, skip(scope, x, out, stride, shortcut, true)], {}, { name: scope.path('add') });
  return relu(scope, 'relu2', sum);
}

function preActivationUnit(scope: Scope, x: Value, out: number, stride: number, shortcut: Shortcut): Value {
  const active = relu(scope, 'relu1', batchNorm(scope, 'bn1', x));
  const first = conv2d(scope, 'conv1', active, { out, kernel: 3, stride });
  const branch = conv2d(scope, 'conv2', relu(scope, 'relu2', batchNorm(scope, 'bn2', first)), { out, kernel: 3 });
  return scope.b.op('Add', [branch, skip(scope, x, out, stride, shortcut, false)], {}, { name: scope.path('add') });
}

/**
 * The CIFAR residual networks of He et al. 2015 (1512.03385, section 4.2): a 3x3 convolution, three stages of n units
 * with `width`, 2 `width`, 4 `width` channels on 32x32, 16x16, 8x8, global average pooling and a linear layer.
 * Parameter names are those of the common PyTorch implementations (`layer1.0.conv1.weight`, `linear.weight`).
 */
export function resnet(options: ResnetOptions): Model {
  const { depth, shortcut = 'A', preActivation = false, width = 16, classes = 10 } = options;
  const n = (depth - 2) / 6;
  if (!Number.isInteger(n) || n < 1)
    throw new UsageError(`resnet depth must be 6n + 2 (8, 14, 20, ..., 56, 110), got ${depth}`);
  const body = (scope: Scope, x: Value): Value => {
    let h = conv2d(scope, 'conv1', x, { out: width, kernel: 3 });
    if (!preActivation) h = relu(scope, 'relu', batchNorm(scope, 'bn1', h));
    const unit = preActivation ? preActivationUnit : postActivationUnit;
    for (let stage = 1; stage <= 3; stage++) {
      for (let i = 0; i < n; i++) {
        const stride = stage > 1 && i === 0 ? 2 : 1;
        h = unit(scope.in(`layer${stage}.${i}`), h, width * 2 ** (stage - 1), stride, shortcut);
      }
    }
    if (preActivation) h = relu(scope, 'relu', batchNorm(scope, 'bn', h));
    const pooled = scope.b.op('GlobalAveragePool', [h], {}, { name: 'pool' });
    return linear(scope, 'linear', scope.b.op('Flatten', [pooled], { axis: 1 }, { name: 'flatten' }), classes);
  };
  const name = `${preActivation ? 'pre' : ''}resnet${depth}${shortcut === 'B' ? 'b' : ''}`;
  return defineModel({
    name,
    inputShape: options.inputShape ?? [3, 32, 32],
    classes,
    normalization: options.normalization,
    body,
  });
}
