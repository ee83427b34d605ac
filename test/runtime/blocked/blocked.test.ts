import { describe, expect, it } from 'vitest';
import { jvp, linearize, vjp } from '../../../src/autodiff/index.ts';
import {
  type Dim,
  type Graph,
  GraphBuilder,
  type PlainAttributes,
  sizeOf,
  type TensorData,
  tensor,
  type Value,
} from '../../../src/onnx/index.ts';
import { emitBlocked } from '../../../src/runtime/blocked/emit.ts';
import { blockedLayout } from '../../../src/runtime/blocked/probe.ts';
import { compareEmissions } from '../../../src/runtime/compare.ts';
import { compile } from '../../../src/runtime/program.ts';

const layout = await blockedLayout();

let seed = 0;
function numbers(shape: readonly number[], scale = 1): TensorData {
  seed++;
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(seed + 1.37 * i)),
  );
}

const same = (k: number): PlainAttributes => ({ kernel_shape: [k, k], pads: Array<number>(4).fill((k - 1) / 2) });

function conv(b: GraphBuilder, x: Value, out: number, k = 3, stride = 1, bias = true): Value {
  const ci = x.shape[1] as number;
  const w = b.constant(numbers([out, ci, k, k], 1 / Math.sqrt(ci * k)));
  return b.conv(x, w, bias ? b.constant(numbers([out], 0.1)) : null, { ...same(k), strides: [stride, stride] });
}

function batchNorm(b: GraphBuilder, x: Value): Value {
  const c = x.shape[1] as number;
  const positive = { ...numbers([c]), data: Float32Array.from({ length: c }, (_, i) => 0.5 + ((i * 7) % 5) / 3) };
  const vectors = [positive, numbers([c]), numbers([c]), positive].map((t) => b.constant(t));
  return b.op('BatchNormalization', [x, ...vectors]);
}

type Shortcut = 'slice-pad' | 'slice-concat' | 'projection';

function shortcutOf(b: GraphBuilder, x: Value, out: number, kind: Shortcut): Value {
  const [n, c, h] = x.shape as readonly number[];
  if (kind === 'projection') return batchNorm(b, conv(b, x, out, 1, 2, false));
  const cut = b.slice(b.slice(x, 2, 0, h!, 2), 3, 0, h!, 2);
  const extra = (out - c!) / 2;
  if (kind === 'slice-pad') return b.op('Pad', [cut, b.integers([0, extra, 0, 0, 0, extra, 0, 0])]);
  const zeros = b.constant(
    tensor('float32', [n!, extra, h! / 2, h! / 2], new Float32Array((n! * extra * h! * h!) / 4)),
  );
  return b.concat([zeros, cut, zeros], 1);
}

/** Three stages of two units on 12x12 images. */
function residualNet(batch: Dim, options: { shortcut: Shortcut; width?: number; preActivation?: boolean }): Graph {
  const { shortcut, width = 16, preActivation = false } = options;
  const b = new GraphBuilder('net');
  let x = conv(b, b.input('x', 'float32', [batch, 3, 12, 12]), width);
  if (!preActivation) x = b.relu(batchNorm(b, x));
  for (const stage of [0, 1, 2]) {
    for (const unit of [0, 1]) {
      const out = width << stage;
      const stride = stage > 0 && unit === 0 ? 2 : 1;
      const skip = stride === 2 ? shortcutOf(b, x, out, shortcut) : x;
      if (preActivation) {
        const first = conv(b, b.relu(batchNorm(b, x)), out, 3, stride, false);
        x = b.add(conv(b, b.relu(batchNorm(b, first)), out), skip);
      } else {
        const hidden = b.relu(batchNorm(b, conv(b, x, out, 3, stride, false)));
        x = b.relu(b.add(batchNorm(b, conv(b, hidden, out)), skip));
      }
    }
  }
  b.output('features', x);
  b.output('y', b.op('Flatten', [b.op('GlobalAveragePool', [x])], { axis: 1 }));
  return b.build();
}

function operators(graph: Graph): string[] {
  return graph.nodes.map((n) => (n.domain ? `blocked ${n.opType}` : n.opType));
}

async function expectSame(graph: Graph, feeds: Record<string, TensorData> = {}): Promise<void> {
  const { error, emission } = await compareEmissions(graph, feeds);
  expect(emission).toMatch(/^blocked/);
  expect(error).toBeLessThan(1e-5);
}

describe.runIf(layout.supported)('blocked emission gives the numbers of plain ONNX', () => {
  it.each([
    ['zero channels by Pad', 1, { shortcut: 'slice-pad' }],
    ['zero channels by Pad', 7, { shortcut: 'slice-pad' }],
    ['zero channels by Concat', 7, { shortcut: 'slice-concat' }],
    ['projections', 7, { shortcut: 'projection' }],
    ['projections', 32, { shortcut: 'projection' }],
    ['pre-activation order', 7, { shortcut: 'slice-pad', preActivation: true }],
    ['pre-activation order and projections', 1, { shortcut: 'projection', preActivation: true }],
    ['12, 24 and 48 channels', 7, { shortcut: 'projection', width: 12 }],
    ['20, 40 and 80 channels', 3, { shortcut: 'slice-pad', width: 20 }],
  ] as const)('for a residual net with %s, batch %i', async (_, batch, options) => {
    await expectSame(residualNet(batch, options));
  });

  it('for an open batch size', async () => {
    const graph = residualNet('batch', { shortcut: 'projection' });
    const x = numbers([5, 3, 12, 12]);
    const outputs: Float32Array[] = [];
    for (const emission of ['plain', 'blocked'] as const) {
      const program = await compile(graph, { emission });
      outputs.push((await program.run({ x })).y!.data as Float32Array);
      await program.dispose();
    }
    outputs[0]!.forEach((v, i) => {
      expect(outputs[1]![i]).toBeCloseTo(v, 4);
    });
  });

  it.each([
    ['Sigmoid', {}],
    ['LeakyRelu', { alpha: 0.3 }],
    ['HardSigmoid', { alpha: 0.3, beta: 0.4 }],
    ['Tanh', {}],
    ['HardSwish', {}],
    ['Softmax', { axis: 1 }],
  ] as const)('for %s between convolutions', async (op, attributes) => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 5, 5]);
    b.output('y', conv(b, b.op(op, [conv(b, x, 32)], attributes), 16));
    await expectSame(b.build());
  });

  it('for inverted residuals: expansion, depthwise convolution with stride, Clip to [0, 6]', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 9, 9]);
    const bounded = (v: Value) => b.op('Clip', [v, b.scalar(0), b.scalar(6)]);
    const wide = bounded(conv(b, x, 96, 1));
    const depthwise = b.conv(wide, b.constant(numbers([96, 1, 3, 3])), null, {
      ...same(3),
      strides: [2, 2],
      group: 96,
    });
    b.output('y', conv(b, bounded(depthwise), 24, 1));
    await expectSame(b.build());
  });

  it('for groups of whole blocks, dilation, asymmetric padding and SAME padding', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 32, 9, 10]);
    const grouped = b.conv(x, b.constant(numbers([64, 16, 3, 3], 0.1)), null, { group: 2, pads: [1, 0, 0, 2] });
    const dilated = b.conv(grouped, b.constant(numbers([32, 64, 3, 3], 0.1)), null, {
      dilations: [2, 1],
      pads: [2, 1, 2, 1],
    });
    b.output(
      'y',
      b.conv(dilated, b.constant(numbers([16, 32, 2, 2], 0.1)), null, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
    );
    await expectSame(b.build());
  });

  it('for filters that are inputs of the graph', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 3, 6, 6]);
    const first = b.relu(b.conv(x, b.input('w1', 'float32', [16, 3, 3, 3]), null, same(3)));
    b.output('y', b.conv(first, b.input('w2', 'float32', [32, 16, 3, 3]), b.input('c', 'float32', [32]), same(3)));
    await expectSame(b.build());
  });

  it('for pooling, channel maps, masks, concatenation and splitting of channels', async () => {
    const b = new GraphBuilder('g');
    const x = conv(b, b.input('x', 'float32', [2, 3, 10, 10]), 32);
    const max = b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    const average = b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    const scaled = b.add(b.mul(max, b.constant(numbers([1, 32, 1, 1]))), b.constant(numbers([32, 1, 1])));
    const positive = b.op('Greater', [average, b.scalar(0)]);
    const chosen = b.where(positive, scaled, b.mul(average, b.cast(positive, 'float32')));
    const joined = b.concat([chosen, scaled], 1);
    b.output('positive', positive);
    b.output('mean', b.reduceMean(joined, [2, 3], false));
    b.output('part', b.slice(joined, 1, 8, 40));
    b.output('next', conv(b, b.slice(joined, 1, 8, 40), 16));
    b.output('some', b.slice(joined, 1, 5, 11));
    await expectSame(b.build());
  });

  it('for an activation before an addition, and a convolution added to a later one', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 6, 6]);
    const y = b.add(b.relu(conv(b, x, 16)), b.op('Tanh', [conv(b, x, 16)]));
    b.output('y', b.relu(b.add(b.add(conv(b, y, 16), y), conv(b, y, 16))));
    await expectSame(b.build());
  });

  it('for slices that do not start at the first pixel or end before the last, and padding in space', async () => {
    const b = new GraphBuilder('g');
    const x = conv(b, b.input('x', 'float32', [3, 3, 8, 8]), 16);
    b.output('late', conv(b, b.slice(x, 2, 1, 8, 2), 16));
    b.output('early', conv(b, b.slice(x, 3, 0, 5, 2), 16));
    b.output('image', conv(b, b.slice(x, 0, 1, 3), 16));
    b.output('negative', b.slice(x, 1, -16, 16));
    const pad = (...pads: number[]) => b.op('Pad', [x, b.integers(pads)]);
    b.output('bordered', conv(b, pad(0, 0, 1, 2, 0, 0, 2, 1), 16));
    b.output('cropped', conv(b, pad(0, 8, 0, 0, 0, -8, 0, 0), 16));
    b.output('ones', conv(b, b.op('Pad', [x, b.integers([0, 8, 0, 0, 0, 8, 0, 0]), b.scalar(1)]), 16));
    b.output('edge', conv(b, b.op('Pad', [x, b.integers([0, 0, 1, 0, 0, 0, 0, 0])], { mode: 'edge' }), 16));
    await expectSame(b.build());
  });

  it('for gates of one number a channel and image, a column or a row', async () => {
    const b = new GraphBuilder('g');
    const x = conv(b, b.input('x', 'float32', [2, 16, 4, 5]), 32);
    const gate = b.op('Sigmoid', [conv(b, b.op('GlobalAveragePool', [x]), 32, 1)]);
    const column = b.op('MaxPool', [x], { kernel_shape: [1, 5] });
    const row = b.op('AveragePool', [x], { kernel_shape: [4, 1] });
    b.output('y', conv(b, b.add(b.mul(b.mul(x, gate), column), row), 16));
    await expectSame(b.build());
  });

  it('for images of one row', async () => {
    const b = new GraphBuilder('g');
    const x = b.relu(conv(b, b.input('x', 'float32', [2, 16, 1, 7]), 32));
    b.output('plain', x);
    b.output('y', b.reshape(b.op('MaxPool', [x], { kernel_shape: [1, 7] }), [2, 32]));
    await expectSame(b.build());
  });

  it('when one value is read by several nodes and is an output, too', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 6, 6]);
    const c = conv(b, x, 16);
    const r = b.relu(c);
    b.output('c', c);
    b.output('again', c);
    b.output('sum', b.add(b.add(c, r), b.op('Identity', [c])));
    b.output('self', b.add(r, r));
    b.output('x_out', x);
    const graph = b.build();
    expect(operators(emitBlocked(graph, 16)).filter((n) => n === 'blocked Conv')).toHaveLength(1);
    await expectSame(graph);
  });

  it('for the tangent of a residual unit: masks of one image, a batch of directions', async () => {
    const b = new GraphBuilder('tangent');
    const v = b.input('v', 'float32', [6, 16, 8, 8]);
    const inner = b.input('inner', 'float32', [1, 16, 8, 8]);
    const outer = b.input('outer', 'float32', [1, 16, 8, 8]);
    const branch = conv(b, b.mul(conv(b, v, 16, 3, 1, false), inner), 16, 3, 1, false);
    b.output('y', b.mul(b.add(branch, v), outer));
    await expectSame(b.build());
  });

  const transposed = [
    ['3x3, stride 2', 3, [1, 1, 1, 1], [1, 1]],
    ['1x1, stride 2', 1, [0, 0, 0, 0], [1, 1]],
    ['4x4, stride 2', 4, [1, 1, 1, 1], [0, 0]],
    ['5x5, stride 2', 5, [2, 2, 2, 2], [1, 1]],
  ] as const;

  it.each(transposed)(
    'for the cotangent of a strided depthwise convolution (transposed, %s)',
    async (_, k, pads, extra) => {
      const b = new GraphBuilder('cotangent');
      const x = conv(b, b.input('x', 'float32', [3, 32, 4, 6]), 32);
      const attributes = { kernel_shape: [k, k], strides: [2, 2], pads, output_padding: extra, group: 32 };
      const known = b.op(
        'ConvTranspose',
        [x, b.constant(numbers([32, 1, k, k])), b.constant(numbers([32]))],
        attributes,
      );
      const computed = b.op('ConvTranspose', [x, b.input('w', 'float32', [32, 1, k, k])], attributes);
      b.output('y', b.relu(b.add(b.mul(known, b.constant(numbers([1, 32, 1, 1]))), computed)));
      const graph = b.build();
      expect(operators(emitBlocked(graph, 16))).not.toContain('ConvTranspose');
      await expectSame(graph);
    },
  );

  it.each(transposed)('for the cotangent of a strided unit (transposed convolution %s)', async (_, k, pads, extra) => {
    const b = new GraphBuilder('cotangent');
    const u = b.input('u', 'float32', [3, 32, 4, 6]);
    const mask = b.input('mask', 'float32', [1, 16, 8, 12]);
    const attributes = { kernel_shape: [k, k], strides: [2, 2], pads, output_padding: extra };
    const back = b.op('ConvTranspose', [conv(b, u, 32), b.constant(numbers([32, 16, k, k], 0.2))], attributes);
    const y = b.mul(back, mask);
    b.output(
      'y',
      b.op('ConvTranspose', [y, b.constant(numbers([16, 16, 3, 3], 0.2)), b.constant(numbers([16]))], same(3)),
    );
    const graph = b.build();
    expect(operators(emitBlocked(graph, 16))).not.toContain('ConvTranspose');
    await expectSame(graph);
  });

  it.each([
    ['both axes', [2, 2]],
    ['rows only', [2, 1]],
    ['columns only, threefold', [1, 3]],
  ] as const)('for zeros put between pixels (%s), alone and added to a transposed convolution', async (_, [sh, sw]) => {
    const b = new GraphBuilder('g');
    const x = b.relu(conv(b, b.input('x', 'float32', [2, 16, 4, 5]), 32));
    const part = b.slice(x, 1, 8, 24);
    const rows = sh > 1 ? [4, 1] : [4];
    const columns = sw > 1 ? [5, 1] : [5];
    const apart = b.reshape(part, [2, 16, ...rows, ...columns]);
    const after = [0, 0, ...(sh > 1 ? [0, sh - 1] : [0]), ...(sw > 1 ? [0, sw - 1] : [0])];
    const padded = b.op('Pad', [apart, b.integers([...after.map(() => 0), ...after])]);
    const spread = b.reshape(padded, [2, 16, 4 * sh, 5 * sw]);
    const filters = b.constant(numbers([32, 16, sh, sw], 0.2));
    const back = b.op('ConvTranspose', [x, filters, b.constant(numbers([16]))], { strides: [sh, sw] });
    b.output('sum', b.relu(b.add(back, spread)));
    const graph = b.build();
    // One convolution for the pixels, added to the phases of the other, interleaved once.
    expect(operators(emitBlocked(graph, 16)).filter((n) => n === 'Gather')).toHaveLength(1);
    expect(operators(emitBlocked(graph, 16))).not.toContain('Pad');
    await expectSame(graph);
    b.output('spread', spread);
    b.output('padded', padded);
    await expectSame(b.build());
  });

  it('for per-channel factors after, before and between convolutions', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 6, 6]);
    const factors = () => b.constant(numbers([1, 16, 1, 1]));
    const c = b.add(b.mul(conv(b, b.mul(x, factors()), 16), factors()), factors());
    const twice = b.mul(b.mul(b.relu(c), factors()), factors());
    const depthwise = b.conv(twice, b.constant(numbers([16, 1, 3, 3])), null, { ...same(3), group: 16 });
    const back = b.op('ConvTranspose', [b.mul(depthwise, factors()), b.constant(numbers([16, 16, 2, 2]))], {
      strides: [2, 2],
    });
    b.output('y', b.add(b.mul(back, factors()), factors()));
    b.output('mixed', b.mul(conv(b, x, 16), b.input('live', 'float32', [16, 1, 1])));
    const graph = b.build();
    expect(operators(emitBlocked(graph, 16)).filter((n) => n === 'Mul' || n === 'Add')).toHaveLength(0);
    await expectSame(graph);
  });

  it('for a transposed convolution that does not split into phases', async () => {
    const b = new GraphBuilder('g');
    const x = conv(b, b.input('x', 'float32', [2, 16, 5, 5]), 16);
    b.output(
      'y',
      b.op('ConvTranspose', [x, b.constant(numbers([16, 16, 3, 3]))], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    );
    await expectSame(b.build());
  });
});

describe.runIf(layout.supported)('blocked emission of derivatives gives the numbers of plain ONNX', () => {
  it.each(['slice-pad', 'projection'] as const)(
    'for the gradient of a whole net with respect to its image (%s)',
    async (shortcut) => {
      await expectSame(vjp(residualNet(2, { shortcut }), { wrt: ['x'], of: ['y'] }));
    },
  );

  it.each(['slice-pad', 'projection'] as const)('for its tangent (%s)', async (shortcut) => {
    await expectSame(jvp(residualNet(2, { shortcut, preActivation: true }), { wrt: ['x'], of: ['y', 'features'] }));
  });

  it('for the linearization on many vectors, where shortcuts, masks and normalization leave six or fewer kinds of nodes', async () => {
    const net = residualNet(1, { shortcut: 'slice-pad' });
    const { tangent, cotangent } = linearize(net, { wrt: 'x', of: 'features', vectors: 5 });
    await expectSame(tangent);
    await expectSame(cotangent);
    expect(new Set(operators(emitBlocked(tangent, 16)))).toEqual(
      new Set(['blocked ReorderInput', 'blocked Conv', 'Mul', 'blocked ReorderOutput']),
    );
  });
});

describe('the blocked graph', () => {
  it('of a residual net holds blocked convolutions only: additions, activations and shortcuts are inside them', () => {
    const b = new GraphBuilder('net');
    let x = b.relu(conv(b, b.input('x', 'float32', [2, 3, 8, 8]), 16));
    x = b.relu(b.add(conv(b, b.relu(conv(b, x, 16)), 16), x));
    x = b.relu(b.add(conv(b, b.relu(conv(b, x, 32, 3, 2)), 32), shortcutOf(b, x, 32, 'slice-pad')));
    b.output('y', b.op('GlobalAveragePool', [x]));
    const names = operators(emitBlocked(b.build(), 16));
    expect(names).toEqual([...Array<string>(6).fill('blocked Conv'), 'blocked GlobalAveragePool']);
  });

  it('reorders only where values enter and leave', () => {
    const b = new GraphBuilder('tangent');
    const v = b.input('v', 'float32', [6, 16, 8, 8]);
    b.output('y', b.add(conv(b, b.mul(conv(b, v, 16), b.input('mask', 'float32', [1, 16, 8, 8])), 16), v));
    const names = operators(emitBlocked(b.build(), 16));
    expect(names.filter((n) => n === 'blocked ReorderInput')).toHaveLength(2);
    expect(names.filter((n) => n === 'blocked ReorderOutput')).toHaveLength(1);
    expect(names).toHaveLength(6);
  });

  it('leaves a graph without convolutions as it is', () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [2, 16, 4, 4]);
    b.output('y', b.relu(b.add(x, x)));
    expect(operators(emitBlocked(b.build(), 16))).toEqual(['Add', 'Relu']);
  });
});
