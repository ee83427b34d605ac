import { intAttribute, type Rewrite, sizeOf, staticShape, type Value, windowOf } from '../../onnx/index.ts';
import { swapsChannels } from '../swaps-channels.ts';
import { unfold } from './unfold.ts';

/** Floats that the unfolded input may have; beyond it the slow way is the one that fits into the memory of a GPU. */
const mostUnfolded = 2 ** 28;

/**
 * The gradient of a filter, which autodiff writes as a convolution of [Ci, N, H, W] with [Co, N, Ho, Wo]. Its few outputs, each a sum over all
 * images and pixels, would keep few of a GPU's threads busy. Here windows are unfolded into channels, multiplied with the cotangent image by
 * image, and the products are summed. On an H200 a ResNet-20's filters took 93 ms of a step of 128 images as convolutions.
 */
export const weightGradient: Rewrite = (node, [images, filters, bias], b) => {
  const unswapped = (v: Value | null | undefined) => {
    const producer = v ? b.producerOf(v) : undefined;
    return producer && swapsChannels(producer) ? producer.inputs[0]! : undefined;
  };
  const [x, ct] = [unswapped(images), unswapped(filters)];
  if (!x || !ct || bias || x.shape.length !== 4 || intAttribute(node, 'group', 1) !== 1) return undefined;
  const [n, ci, height, width] = staticShape(x) as [number, number, number, number];
  const [, co, ho, wo] = staticShape(ct) as [number, number, number, number];
  const kernel = staticShape(node.outputs[0]!).slice(2);
  const taps = sizeOf(kernel);
  if (n * ci * taps * ho * wo > mostUnfolded) return undefined;
  const { strides, dilations, pads } = windowOf(node, [height, width], [ho, wo]);
  // In terms of the forward convolution: the stride is the dilation here, and the other way round.
  const alone = taps === 1 && height === ho && width === wo && pads.every((p) => p === 0);
  const windows = alone ? x : unfold(b, x, kernel, { strides: dilations, dilations: strides, pads });
  const columns = b.transpose(b.reshape(windows, [n, ci * taps, ho * wo]), [0, 2, 1]);
  const products = b.matMul(b.reshape(ct, [n, co, ho * wo]), columns);
  const gradient = b.reshape(b.reduceSum(products, [0], false), [co, ci, ...kernel]);
  return [b.transpose(gradient, [1, 0, 2, 3])];
};
