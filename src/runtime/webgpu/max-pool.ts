import { UsageError } from '../../base/errors.ts';
import {
  describeNode,
  intAttribute,
  type Node,
  type Rewrite,
  staticShape,
  tensorOf,
  windowOf,
} from '../../onnx/index.ts';
import { unfold } from './unfold.ts';

function refuse(node: Node, why: string): never {
  throw new UsageError(
    `${describeNode(node)}: max pooling ${why} cannot be differentiated on WebGPU; use the device cpu`,
  );
}

/**
 * Max pooling with the position of each maximum (the first one's, counted through the whole of x), of which its derivative is made: ONNX
 * Runtime's WebGPU gives the maxima alone. Windows are unfolded, and the tap of the largest becomes a position in float32, which
 * counts to 2^24.
 */
export const maxPoolPositions: Rewrite = (node, [x], b) => {
  if (node.outputs.length === 1) return undefined;
  if (x!.shape.length !== 4) refuse(node, 'along other than two axes');
  const [n, c, h, w] = staticShape(x!) as [number, number, number, number];
  const [, , ho, wo] = staticShape(node.outputs[0]!) as [number, number, number, number];
  const { kernel, strides, dilations, pads } = windowOf(node, [h, w]);
  const [kh, kw] = kernel as [number, number];
  const [sh, sw] = strides as [number, number];
  const [dh, dw] = dilations as [number, number];
  if (pads.some((p) => p !== 0)) refuse(node, 'with padding');
  if ((ho - 1) * sh + (kh - 1) * dh >= h || (wo - 1) * sw + (kw - 1) * dw >= w) refuse(node, 'beyond the border');
  if (n * c * h * w > 2 ** 24) refuse(node, `of ${n * c * h * w} values, more than 2^24,`);
  if (intAttribute(node, 'storage_order', 0) !== 0) refuse(node, 'with column-major positions');
  const windows = b.reshape(unfold(b, x!, kernel, { strides, dilations }), [n, c, kh * kw, ho * wo]);
  const tap = b.cast(b.op('ArgMax', [windows], { axis: 2, keepdims: 0 }), 'float32');
  const row = b.op('Floor', [b.scale(b.add(tap, b.scalar(0.5)), 1 / kw)]);
  const column = b.sub(tap, b.scale(row, kw));
  const inWindow = b.add(b.scale(row, dh * w), b.scale(column, dw));
  const range = (count: number, step: number) => Array.from({ length: count }, (_, i) => i * step);
  const planes = b.constant(tensorOf('float32', [n, c, 1], range(n * c, h * w)));
  const corners = range(ho, sh * w).flatMap((from) => range(wo, sw).map((at) => from + at));
  const position = b.add(b.add(inWindow, b.constant(tensorOf('float32', [1, 1, ho * wo], corners))), planes);
  const maxima = b.node(node.opType, [x!], node.attributes, { name: node.name })[0]!;
  return [maxima, b.cast(b.reshape(position, [n, c, ho, wo]), 'int64')];
};
