import { grad } from '../../src/autodiff/index.ts';
import { type Graph, GraphBuilder, type PlainAttributes } from '../../src/onnx/index.ts';

export interface Geometry {
  batch: number;
  channels: [number, number];
  size: [number, number];
  kernel?: number;
  stride?: number;
  dilation?: number;
  /** A filter for each of the channels, or so many of them. */
  depthwise?: boolean;
  pads?: number[];
}

/** Gradient of a weighted sum of conv(x, w), in x and w. */
export function convolutionGradient({
  batch,
  channels,
  size,
  kernel = 3,
  stride = 1,
  dilation = 1,
  depthwise = false,
  pads,
}: Geometry): Graph {
  const b = new GraphBuilder('net');
  const x = b.input('x', 'float32', [batch, channels[0], ...size]);
  const w = b.input('w', 'float32', [channels[1], depthwise ? 1 : channels[0], kernel, kernel]);
  const p = ((kernel - 1) / 2) * dilation;
  const attributes: PlainAttributes = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: pads ?? [p, p, p, p],
    ...(depthwise ? { group: channels[0] } : {}),
  };
  const y = b.conv(b.op('Tanh', [x]), w, null, attributes);
  const factor = b.input('factor', 'float32', y.shape);
  b.output(
    'loss',
    b.reduceSum(b.mul(b.op('Tanh', [b.scale(y, 1 / (kernel * Math.sqrt(channels[0])))]), factor), [0, 1, 2, 3], false),
  );
  return grad(b.build(), { wrt: ['x', 'w'], of: 'loss' });
}
