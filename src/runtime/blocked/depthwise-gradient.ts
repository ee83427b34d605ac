import { intAttribute, type Node, type Value, windowOf } from '../../onnx/index.ts';
import { blockedDomain, type Emission, type EmissionRule } from './emission.ts';

/** [N, C, H, W] as [1, N C, H, W] or [N C, 1, H, W]: in blocked order, with whole blocks of channels, the numbers stay where they are. */
function mergesImages({ opType, inputs, outputs }: Node): boolean {
  const [x, y] = [inputs[0]?.shape ?? [], outputs[0]!.shape];
  if (opType !== 'Reshape' || x.length !== 4 || y.length !== 4) return false;
  if (!x.every((d) => typeof d === 'number') || x[2] !== y[2] || x[3] !== y[3]) return false;
  return y[0] === 1 || y[1] === 1;
}

/** Such a view is held back where a convolution is all that reads it. */
export const mergedImages: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const consumers = e.consumersOf(node.outputs[0]!);
  if (!mergesImages(node) || !e.blockable(x) || !e.isBlocked(x)) return false;
  if (!consumers.length || !consumers.every((c) => c.opType === 'Conv')) return false;
  e.defer(node);
  return true;
};

/** The value [N, C, H, W] that `v` is a view of. */
function apart(v: Value, e: Emission): Value | undefined {
  const producer = e.deferred(v);
  if (producer && mergesImages(producer)) return producer.inputs[0]!;
  return e.blockable(v) && e.isBlocked(v) ? v : undefined;
}

/**
 * The gradient of a depthwise filter, as autodiff writes it: each channel of each image correlated with its cotangent, [1, N C, H, W] with
 * [N C, 1, Ho, Wo] in as many groups. That is a depthwise convolution of blocked values as they lie in memory; only its result, a few taps a
 * channel and image, is brought to plain order.
 */
export function depthwiseGradient(node: Node, e: Emission): boolean {
  const [input, filter, bias] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]];
  const producer = e.deferred(filter);
  if (bias || !producer || !mergesImages(producer)) return false;
  const [x, ct] = [apart(input, e), apart(filter, e)];
  const [groups] = filter.shape as readonly number[];
  if (!x || !ct || input.shape[0] !== 1 || input.shape[1] !== groups || intAttribute(node, 'group', 1) !== groups)
    return false;
  const sizes = (v: Value) => v.shape.slice(2) as readonly number[];
  const { kernel, strides, dilations, pads } = windowOf(node, sizes(input), sizes(filter));
  if (pads.some((p) => p < 0)) return false;
  const { builder: b } = e;
  const taps = b.op(
    'Conv',
    [
      b.reshape(e.blocked(x), input.shape as readonly number[]),
      b.reshape(e.blocked(ct), filter.shape as readonly number[]),
    ],
    { kernel_shape: kernel, strides, dilations, pads, group: groups },
    { domain: blockedDomain, name: node.name },
  );
  e.setBlocked(node.outputs[0]!, taps);
  return true;
}
