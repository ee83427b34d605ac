/** Small residual networks whose branches are known matrices, and an image to look at. */
import type { ImageDataset } from '../../src/data/index.ts';
import type { Network } from '../../src/models/index.ts';
import { GraphBuilder, tensor } from '../../src/onnx/index.ts';

/** h <- skipScale h + W2 relu(W1 h + bias), on h of size n; matrices are row-major, W1 [hidden, n] and W2 [n, hidden]. */
export interface MatrixUnit {
  readonly w1: ArrayLike<number>;
  readonly w2: ArrayLike<number>;
  /** One for each inner unit: so large that it is active, or so small that it is not. */
  readonly bias: readonly number[];
  readonly skipScale?: number;
}

/** A classifier over 1 x height x width images, flattened: units one after another. */
export function residualNetwork(height: number, width: number, units: readonly MatrixUnit[], classes = 2): Network {
  const n = height * width;
  const b = new GraphBuilder('matrices');
  // x W for row vectors x: what is multiplied by is the transpose.
  const transposed = (w: ArrayLike<number>, rows: number, cols: number) => {
    const t = new Float32Array(rows * cols);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) t[j * rows + i] = w[i * cols + j]!;
    return tensor('float32', [cols, rows], t);
  };
  let h = b.reshape(b.input('image', 'float32', [1, 1, height, width]), [1, n]);
  units.forEach(({ w1, w2, bias, skipScale = 1 }, i) => {
    const hidden = bias.length;
    const name = (part: string) => `blocks.${i}.${part}`;
    const pre = b.add(
      b.matMul(h, b.constant(transposed(w1, hidden, n), name('fc1.weight'))),
      b.constant(tensor('float32', [1, hidden], Float32Array.from(bias)), name('fc1.bias')),
    );
    const branch = b.matMul(b.relu(pre), b.constant(transposed(w2, n, hidden), name('fc2.weight')));
    h = b.add(skipScale === 1 ? h : b.scale(h, skipScale), branch);
  });
  const head = tensor(
    'float32',
    [n, classes],
    Float32Array.from({ length: classes * n }, (_, i) => (i % 3) - 1),
  );
  b.output('logits', b.matMul(h, b.constant(head, 'head.weight')));
  const graph = b.build();
  return {
    name: 'matrices',
    weights: 'made up',
    task: 'classification',
    inputShape: [1, height, width],
    classes,
    graph: () => graph,
  };
}

/** Two images of 1 x height x width, different from each other at every pixel. */
export function twoImages(height: number, width: number): ImageDataset {
  const size = height * width;
  return {
    name: 'two',
    classes: ['a', 'b'],
    count: 2,
    shape: [1, height, width],
    pixels: Uint8Array.from({ length: 2 * size }, (_, i) => 1 + ((37 * i) % 254)),
    labels: Uint8Array.of(0, 1),
  };
}
