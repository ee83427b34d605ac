import { type GraphBuilder, type PlainAttributes, sizeOf, tensor, type Value } from '../../onnx/index.ts';

/** Filters [C taps, 1, kernel] of a convolution by groups of one channel that puts each tap of a window into a channel of its own. */
function oneHot(channels: number, kernel: readonly number[]) {
  const taps = sizeOf(kernel);
  const data = new Float32Array(channels * taps * taps);
  for (let i = 0; i < channels * taps; i++) data[i * taps + (i % taps)] = 1;
  return tensor('float32', [channels * taps, 1, ...kernel], data);
}

/** The windows of x [N, C, H, W] as channels, [N, C taps, Ho, Wo], taps innermost; outside of x they are 0. */
export function unfold(b: GraphBuilder, x: Value, kernel: readonly number[], window: PlainAttributes): Value {
  const channels = x.shape[1] as number;
  return b.conv(x, b.constant(oneHot(channels, kernel)), null, { ...window, kernel_shape: kernel, group: channels });
}
