import { type Dim, type Graph, GraphBuilder, tensorOf, type Value } from '../../onnx/index.ts';
import { forChannels, type Normalization } from '../normalization.ts';

/** How a graph that somebody else built takes images and answers. */
export interface ImageInterface {
  /** For messages: its file or name. */
  readonly what: string;
  /** The value with the scores, and how many classes they are of. */
  readonly logits: Value;
  readonly classes: number;
  /** Scores [N, classes], where they may have further axes of length 1; else as they are. */
  readonly flat: boolean;
  readonly normalization: Normalization;
  /** The largest pixel that it takes. */
  readonly range?: 1 | 255;
  /** [N, H, W, C] in place of [N, C, H, W]. */
  readonly channelsLast?: boolean;
}

/** A graph of one input behind our interface: `image` [N, C, H, W] of pixels in [0, 1] -> `logits`; see `Task`. */
export function withImageInterface(
  own: Graph,
  { what, logits: scores, classes, flat, normalization, range = 1, channelsLast = false }: ImageInterface,
): Graph {
  const input = own.inputs[0]!;
  const [n, ...axes] = input.shape;
  const [channels, height, width] = (channelsLast ? [axes[2], axes[0], axes[1]] : axes) as [Dim, Dim, Dim];
  const b = new GraphBuilder(own.name);
  const image = b.input('image', 'float32', [n!, channels, height, width]);
  let x = image;
  if (normalization.std.some((s, i) => s !== 1 || normalization.mean[i] !== 0)) {
    const { mean, std } = forChannels(normalization, channels as number, what);
    const perChannel = (values: readonly number[]) => b.constant(tensorOf('float32', [1, values.length, 1, 1], values));
    x = b.mul(b.sub(image, perChannel(mean)), perChannel(std.map((s) => 1 / s)));
  }
  x = b.cast(b.scale(x, range), input.dtype);
  if (channelsLast) x = b.transpose(x, [0, 2, 3, 1]);
  const copies = b.inline(own, { [input.name]: x });
  let logits = b.cast(copies.get(scores)!, 'float32');
  if (flat && logits.shape.length !== 2) logits = b.reshape(logits, [typeof n === 'number' ? n : 0, classes]);
  b.output('logits', logits);
  return b.build();
}

/** A graph for one image as many times as there are images. */
export function repeated(one: Graph, count: number): Graph {
  const b = new GraphBuilder(one.name);
  const own = one.inputs[0]!;
  const image = b.input(own.name, own.dtype, [count, ...own.shape.slice(1)]);
  const rows = Array.from({ length: count }, (_, i) => {
    const copies = b.inline(one, { [own.name]: b.slice(image, 0, i, i + 1) });
    return copies.get(one.outputs[0]!.value)!;
  });
  b.output(one.outputs[0]!.name, b.concat(rows, 0));
  return b.build();
}
