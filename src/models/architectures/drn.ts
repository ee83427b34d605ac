import { UsageError } from '../../base/errors.ts';
import { batchNorm, bilinear, channelsOf, conv2d, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** What a dilated residual network may differ in. */
export interface DrnOptions {
  /** 11 unless told, those of CamVid that count. */
  readonly classes?: number;
  /** [3, 96, 128] unless told; height and width divisible by 8. */
  readonly inputShape?: readonly number[];
  readonly normalization?: Normalization;
}

const init = 'kaimingNormalFanOut';

/** A 3x3 convolution, batch norm, ReLU. */
function plain(
  scope: Scope,
  x: Value,
  out: number,
  more: { kernel?: number; stride?: number; dilation?: number },
): Value {
  const convolved = conv2d(scope, '0', x, { out, kernel: 3, init, ...more });
  return relu(scope, '2', batchNorm(scope, '1', convolved));
}

/** A residual unit; both convolutions have the dilation. */
function unit(scope: Scope, x: Value, out: number, stride: number, dilation: number): Value {
  const conv = (name: string, v: Value, s: number) =>
    conv2d(scope, name, v, { out, kernel: 3, stride: s, dilation, init });
  const hidden = relu(scope, 'relu1', batchNorm(scope, 'bn1', conv('conv1', x, stride)));
  const branch = batchNorm(scope, 'bn2', conv('conv2', hidden, 1));
  const skip =
    stride === 1 && channelsOf(x) === out
      ? x
      : batchNorm(scope, 'downsample.1', conv2d(scope, 'downsample.0', x, { out, kernel: 1, stride, init }));
  return relu(scope, 'relu2', scope.b.op('Add', [branch, skip], {}, { name: scope.path('add') }));
}

/** Channels, stride and dilation of the four residual levels of two units, `base.3` to `base.6`. */
const levels = [
  [64, 2, 1],
  [128, 2, 1],
  [256, 1, 2],
  [512, 1, 4],
] as const;

/**
 * DRN-D-22, the dilated residual network of Yu, Koltun, Funkhouser 2017 (1705.09914), for segmentation: an eighth of the
 * size throughout, a 1x1 head, bilinear upsampling by 8. Names as in the authors' PyTorch code (fyu/drn, `DRNSeg`:
 * `base.0.0.weight`, `base.3.0.conv1.weight`, `seg.weight`) and its start: convolutions N(0, 2 / fanOut), biases 0.
 * 15 886 395 parameters for 11 classes, 16 393 752 for 1000 (published: 16.4 M).
 *
 * The authors upsample by a fixed transposed convolution (`up.weight`, not trained), which fades to 0 outside the image;
 * here it is interpolation that repeats the edge. The two agree but in a border of 4 pixels.
 */
export function drn({ classes = 11, inputShape = [3, 96, 128], normalization }: DrnOptions = {}): Model {
  if (inputShape.slice(1).some((size) => size % 8))
    throw new UsageError(`drn22: height and width must be divisible by 8, got [${inputShape}]`);
  const body = (scope: Scope, x: Value): Value => {
    let h = plain(scope.in('base.0'), x, 16, { kernel: 7 });
    h = plain(scope.in('base.1'), h, 16, {});
    h = plain(scope.in('base.2'), h, 32, { stride: 2 });
    levels.forEach(([out, stride, dilation], level) => {
      const at = scope.in(`base.${level + 3}`);
      h = unit(at.in('1'), unit(at.in('0'), h, out, stride, dilation), out, 1, dilation);
    });
    h = plain(scope.in('base.7'), h, 512, { dilation: 2 });
    h = plain(scope.in('base.8'), h, 512, {});
    return bilinear(scope, 'up', conv2d(scope, 'seg', h, { out: classes, kernel: 1, init, bias: 'zeros' }), 8);
  };
  return defineModel({ name: 'drn22', task: 'segmentation', inputShape, classes, normalization, body });
}
