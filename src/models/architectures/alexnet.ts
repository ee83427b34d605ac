import { UsageError } from '../../base/errors.ts';
import { biasOf, channelsOf, conv2d, flattened, linear, maxPool2, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** What an AlexNet may differ in. */
export interface AlexnetOptions {
  readonly classes?: number;
  readonly normalization?: Normalization;
  /** [3, 32, 32] unless told; the convolutions must leave one pixel. */
  readonly inputShape?: readonly number[];
}

/**
 * AlexNet (Krizhevsky, Sutskever, Hinton 2012) for 32x32 images, the variant of bearpaw/pytorch-classification: torchvision's
 * five convolutions with 2x2 pooling and a single linear layer (`features.0.weight`, ..., `classifier.weight`).
 * It starts with PyTorch's defaults, U(-1/sqrt(fanIn), 1/sqrt(fanIn)). 2 472 266 parameters for 10 classes.
 */
export function alexnet({ classes = 10, normalization, inputShape = [3, 32, 32] }: AlexnetOptions = {}): Model {
  // The first convolution divides the size by 4, rounding up; three poolings by 2, rounding down.
  if (inputShape.slice(1).some((size) => Math.floor((size - 1) / 4 + 1) >> 3 !== 1))
    throw new UsageError(`alexnet: images must have 29 to 60 pixels a side, got [${inputShape}]`);
  const body = (scope: Scope, x: Value): Value => {
    const features = scope.in('features');
    const block = (
      at: number,
      v: Value,
      out: number,
      kernel: number,
      more: { stride?: number; padding?: number } = {},
    ) => {
      const bias = biasOf(channelsOf(v) * kernel ** 2);
      const convolved = conv2d(features, `${at}`, v, { out, kernel, init: 'uniformFanIn', bias, ...more });
      return relu(features, `${at + 1}`, convolved);
    };
    let h = maxPool2(features, '2', block(0, x, 64, 11, { stride: 4, padding: 5 }));
    h = maxPool2(features, '5', block(3, h, 192, 5));
    h = block(10, block(8, block(6, h, 384, 3), 256, 3), 256, 3);
    return linear(scope, 'classifier', flattened(scope, maxPool2(features, '12', h)), classes, { bias: biasOf(256) });
  };
  return defineModel({ name: 'alexnet', inputShape, classes, normalization, body });
}
