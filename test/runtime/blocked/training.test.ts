import { describe, expect, it } from 'vitest';
import { grad } from '../../../src/autodiff/index.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { trainingMode } from '../../../src/nn/index.ts';
import { type Graph, GraphBuilder, tensor, type Value } from '../../../src/onnx/index.ts';
import { emitBlocked } from '../../../src/runtime/blocked/emit.ts';
import { blockedLayout } from '../../../src/runtime/blocked/probe.ts';
import { compareEmissions } from '../../../src/runtime/compare.ts';
import { emit } from '../../../src/runtime/emission.ts';
import { compile } from '../../../src/runtime/program.ts';
import { convolutionGradient, type Geometry } from '../../support/convolution-gradient.ts';

const layout = await blockedLayout();

/** Nodes of the emitted graph that reorder activations, or convolve in plain order. */
function plainWork(graph: Graph): string[] {
  return emitBlocked(graph, layout.supported ? layout.block : 16)
    .nodes.filter((n) => /^Reorder/.test(n.opType) || (/^Conv/.test(n.opType) && n.domain === ''))
    .map((n) => n.opType);
}

describe.skipIf(!layout.supported)('gradients in blocked order equal those in plain order', () => {
  it.each<Geometry>([
    { batch: 16, channels: [16, 16], size: [8, 8] },
    { batch: 8, channels: [16, 32], size: [8, 8], stride: 2 },
    { batch: 32, channels: [32, 16], size: [6, 10] },
    { batch: 6, channels: [48, 32], size: [7, 5], kernel: 1 },
    { batch: 16, channels: [32, 32], size: [9, 9], stride: 2, kernel: 1 },
    { batch: 16, channels: [16, 16], size: [9, 7], stride: 2 },
    { batch: 4, channels: [32, 32], size: [12, 12], dilation: 2 },
    { batch: 16, channels: [16, 16], size: [10, 10], kernel: 5 },
    { batch: 3, channels: [16, 16], size: [8, 8], pads: [0, 1, 2, 1] },
    { batch: 16, channels: [3, 16], size: [8, 8] },
    { batch: 16, channels: [3, 32], size: [9, 8], kernel: 5, stride: 2 },
    { batch: 20, channels: [16, 16], size: [8, 8] },
    { batch: 16, channels: [16, 20], size: [8, 8] },
    { batch: 16, channels: [24, 32], size: [8, 8], kernel: 1 },
    { batch: 16, channels: [24, 32], size: [8, 8] },
    { batch: 16, channels: [48, 48], size: [8, 8], depthwise: true },
    { batch: 16, channels: [32, 32], size: [8, 8], stride: 2, depthwise: true },
    { batch: 3, channels: [32, 32], size: [9, 7], stride: 2, depthwise: true },
    { batch: 1, channels: [32, 32], size: [9, 7], depthwise: true },
    { batch: 4, channels: [16, 16], size: [12, 12], dilation: 2, depthwise: true },
    { batch: 4, channels: [16, 16], size: [10, 10], kernel: 5, depthwise: true },
    { batch: 5, channels: [16, 16], size: [8, 8], pads: [0, 1, 2, 1], depthwise: true },
    { batch: 4, channels: [20, 20], size: [8, 8], depthwise: true },
    { batch: 4, channels: [16, 32], size: [8, 8], depthwise: true },
  ])('of a convolution %j', async (geometry) => {
    expect((await compareEmissions(convolutionGradient(geometry))).error).toBeLessThan(1e-5);
  });

  it('of filters without a value being reordered or a convolution left in plain order', () => {
    // Inputs and outputs of the graph are plain: x in, its gradient out, factor in, and tanh' of both.
    const work = plainWork(convolutionGradient({ batch: 16, channels: [32, 64], size: [8, 8], stride: 2 }));
    expect(work.filter((op) => op !== 'ReorderInput' && op !== 'ReorderOutput')).toEqual([]);
    expect(work.length).toBeLessThanOrEqual(4);
  });

  it('of depthwise filters likewise', () => {
    const work = plainWork(convolutionGradient({ batch: 16, channels: [32, 32], size: [8, 8], depthwise: true }));
    expect(work.filter((op) => op !== 'ReorderInput' && op !== 'ReorderOutput')).toEqual([]);
    // Beside these four the taps, three by three a channel and image.
    expect(work.length).toBeLessThanOrEqual(5);
  });

  it('of a residual unit with batch statistics', async () => {
    const b = new GraphBuilder('unit');
    const image = b.input('image', 'float32', [8, 16, 10, 10]);
    const conv = (x: Value, name: string) =>
      b.conv(x, b.input(name, 'float32', [16, 16, 3, 3]), null, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const norm = (x: Value, name: string) => {
      const vector = (part: string) => b.input(`${name}.${part}`, 'float32', [16]);
      const inputs = [x, vector('weight'), vector('bias'), vector('running_mean'), vector('running_var')];
      return b.op('BatchNormalization', inputs, { epsilon: 1e-5 }, { name });
    };
    const hidden = b.op('Tanh', [norm(conv(image, 'w1'), 'bn1')]);
    const y = b.op('Tanh', [b.add(norm(conv(hidden, 'w2'), 'bn2'), image)]);
    b.output('y', b.reduceMean(b.mul(y, y), [0, 1, 2, 3], false));
    const { graph, statistics } = trainingMode(b.build());
    expect(statistics.map((s) => [s.running.mean, s.count])).toEqual([
      ['bn1.running_mean', 800],
      ['bn2.running_mean', 800],
    ]);
    const wrt = ['w1', 'w2', 'bn1.weight', 'bn1.bias', 'bn2.weight', 'bn2.bias', 'image'];
    const gradient = grad(graph, { wrt, of: 'y' });
    expect((await compareEmissions(gradient)).error).toBeLessThan(1e-5);

    // A training step keeps running statistics as parts of one vector. They are not read, and cost no pass over the activations in plain order.
    const step = new GraphBuilder('step');
    const parts = step.ops('Split', [step.input('running', 'float32', [64])], { num_outputs: 4 }, { outputs: 4 });
    const running = ['bn1', 'bn2'].flatMap((norm) => [`${norm}.running_mean`, `${norm}.running_var`]);
    const feeds = gradient.inputs.map((v) => {
      const part = running.indexOf(v.name);
      return [v.name, part < 0 ? step.input(v.name, v.dtype, v.shape) : step.reshape(parts[part]!, [16])] as const;
    });
    const copies = step.inline(gradient, Object.fromEntries(feeds));
    for (const { name, value } of gradient.outputs) step.output(name, copies.get(value)!);
    const flat = step.build();
    expect((await compareEmissions(flat)).error).toBeLessThan(1e-5);
    const emitted = (await emit(flat, { emission: 'blocked' })).graph;
    // The image's gradient, and what the loss is the mean of.
    expect(emitted.nodes.filter((n) => n.opType === 'ReorderOutput')).toHaveLength(2);
  });

  it('of a rectified sum, whose mask is made of the result where it is used', async () => {
    const b = new GraphBuilder('relu');
    const [x, z] = [b.input('x', 'float32', [4, 16, 6, 6]), b.input('z', 'float32', [4, 16, 6, 6])];
    const w = b.input('w', 'float32', [16, 16, 1, 1]);
    const y = b.relu(b.add(b.conv(x, w, null), z));
    b.output('loss', b.reduceMean(b.mul(y, y), [0, 1, 2, 3], false));
    const graph = grad(b.build(), { wrt: ['x', 'w', 'z'], of: 'loss' });
    expect((await compareEmissions(graph)).error).toBeLessThan(3e-6);
    expect(emitBlocked(graph, 16).nodes.filter((n) => ['Cast', 'Greater'].includes(n.opType))).toEqual([]);
  });

  it('of the statistics of large pictures, which are summed to 1e-6 of their value', async () => {
    const [n, c, h, w] = [2, 16, 96, 128] as const;
    const b = new GraphBuilder('statistics');
    const filters = Float32Array.from({ length: c * c }, (_, i) => (i % (c + 1) === 0 ? 1 : 0));
    const same = b.constant(tensor('float32', [c, c, 1, 1], filters));
    const x = b.conv(b.input('image', 'float32', [n, c, h, w]), same, null);
    const vector = (value: number) => b.constant(tensor('float32', [c], new Float32Array(c).fill(value)));
    const operands = [x, vector(1), vector(0), vector(0), vector(1)];
    const [, mean, variance] = b.ops('BatchNormalization', operands, { training_mode: 1, momentum: 0 }, { outputs: 3 });
    b.output('mean', mean!);
    b.output('variance', variance!);
    const random = new RandomStream({ seed: 1, purpose: 'statistics' });
    const image = Float32Array.from({ length: n * c * h * w }, () => 1 + random.normal());
    const program = await compile(b.build(), { emission: 'blocked' });
    const outputs = await program.run({ image: tensor('float32', [n, c, h, w], image) });
    await program.dispose();
    const ofChannel = (channel: number) => image.filter((_, i) => Math.floor(i / (h * w)) % c === channel);
    for (let channel = 0; channel < c; channel++) {
      const values = [...ofChannel(channel)];
      const exact = values.reduce((sum, v) => sum + v, 0) / values.length;
      const spread = values.reduce((sum, v) => sum + (v - exact) ** 2, 0) / values.length;
      expect(Math.abs(Number(outputs.mean!.data[channel]) / exact - 1)).toBeLessThan(1e-6);
      expect(Math.abs(Number(outputs.variance!.data[channel]) / spread - 1)).toBeLessThan(1e-6);
    }
  });
});
