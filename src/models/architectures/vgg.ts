import { UsageError } from '../../base/errors.ts';
import { batchNorm, conv2d, flattened, linear, maxPool2, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** Channels of the convolutions; M halves the size. */
const layouts = {
  11: '64 M 128 M 256 256 M 512 512 M 512 512 M',
  13: '64 64 M 128 128 M 256 256 M 512 512 M 512 512 M',
  16: '64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M',
  19: '64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M',
} as const;

/** The depths of the VGG networks. */
export type VggDepth = keyof typeof layouts;

/** What a VGG network may differ in. */
export interface VggOptions {
  /** 11, 13, 16 or 19. */
  readonly depth: VggDepth;
  readonly classes?: number;
  readonly normalization?: Normalization;
  /** [3, 32, 32] unless told; five halvings must leave one pixel. */
  readonly inputShape?: readonly number[];
}

/**
 * VGG (Simonyan and Zisserman 2014, 1409.1556) with batch norm for 32x32 images: the convolutions of torchvision's
 * `vgg16_bn`, names included (`features.0.weight`), and one linear layer, `classifier`, as in the common CIFAR variant
 * (kuangliu/pytorch-cifar). It starts as torchvision's: weights N(0, 2 / fanOut), the linear layer N(0, 0.01^2), biases 0.
 * For 10 classes VGG-11 has 9 231 114 parameters, VGG-16 14 728 266.
 */
export function vgg({ depth, classes = 10, normalization, inputShape = [3, 32, 32] }: VggOptions): Model {
  const layout = layouts[depth];
  if (layout === undefined)
    throw new UsageError(`vgg: depth must be one of ${Object.keys(layouts).join(', ')}, got ${depth}`);
  if (inputShape.slice(1).some((size) => size >> 5 !== 1))
    throw new UsageError(`vgg: images must have 32 to 63 pixels a side, got [${inputShape}]`);
  const body = (scope: Scope, x: Value): Value => {
    const features = scope.in('features');
    let [h, at] = [x, 0];
    for (const entry of layout.split(' ')) {
      if (entry === 'M') h = maxPool2(features, `${at++}`, h);
      else {
        const options = { out: Number(entry), kernel: 3, init: 'kaimingNormalFanOut', bias: 'zeros' } as const;
        h = relu(features, `${at + 2}`, batchNorm(features, `${at + 1}`, conv2d(features, `${at}`, h, options)));
        at += 3;
      }
    }
    return linear(scope, 'classifier', flattened(scope, h), classes, { init: { normal: 0.01 } });
  };
  return defineModel({ name: `vgg${depth}`, inputShape, classes, normalization, body });
}
