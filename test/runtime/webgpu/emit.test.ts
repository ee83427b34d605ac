import { describe, expect, it } from 'vitest';
import { type Graph, GraphBuilder, type PlainAttributes, tensor } from '../../../src/onnx/index.ts';
import { compareEmissions } from '../../../src/runtime/compare.ts';
import { emitWebgpu } from '../../../src/runtime/webgpu/emit.ts';
import { convolutionGradient, type Geometry } from '../../support/convolution-gradient.ts';

/** How far the graph's numbers are off in the form for WebGPU, on the CPU. */
const off = async (graph: Graph) => (await compareEmissions(graph, {}, 'webgpu')).error;
const count = (graph: Graph, opType: string) => emitWebgpu(graph).nodes.filter((n) => n.opType === opType).length;

describe('the form of a graph for WebGPU', () => {
  it.each([8, 49, 50, 120])('splits into %i parts by splits into at most seven', async (parts) => {
    const b = new GraphBuilder('split');
    const sizes = Array.from({ length: parts }, (_, i) => 1 + (i % 3));
    const x = b.input('x', 'float32', [2, sizes.reduce((a, s) => a + s, 0)]);
    b.ops('Split', [x, b.integers(sizes)], { axis: -1 }, { outputs: parts }).forEach((v, i) => {
      b.output(`y${i}`, v);
    });
    const graph = b.build();
    const widths = emitWebgpu(graph).nodes.map((n) => n.outputs.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(7);
    expect(await off(graph)).toBe(0);
  });

  it.each([
    [[0, 2, 3], true],
    [[0, -1], false],
    [[1, 2], true],
    [[2, 3], false],
  ])('sums over axes %j, keeping them: %s', async (axes, keep) => {
    const b = new GraphBuilder('sums');
    const x = b.input('x', 'float32', [4, 3, 5, 6]);
    b.output('sum', b.reduceSum(x, axes, keep));
    b.output('mean', b.reduceMean(x, axes, keep));
    expect(await off(b.build())).toBeLessThan(1e-6);
  });

  it.each([0, 0.9])('normalizes with the statistics of the batch, momentum %f', async (momentum) => {
    const b = new GraphBuilder('norm');
    const vector = (name: string) => b.input(name, 'float32', [3]);
    const inputs = [b.input('x', 'float32', [4, 3, 5, 6]), ...['scale', 'bias', 'mean', 'variance'].map(vector)];
    const attributes = { epsilon: 1e-3, momentum, training_mode: 1 };
    b.ops('BatchNormalization', inputs, attributes, { outputs: 3 }).forEach((v, i) => {
      b.output(`y${i}`, v);
    });
    const graph = b.build();
    expect(count(graph, 'BatchNormalization')).toBe(0);
    expect(await off(graph)).toBeLessThan(2e-6);
  });

  const pooled = (size: readonly number[], attributes: PlainAttributes) => {
    const b = new GraphBuilder('pool');
    const x = b.input('x', 'float32', [2, 3, ...size]);
    b.ops('MaxPool', [x], { kernel_shape: [2, 2], ...attributes }, { outputs: 2, name: 'pool1' }).forEach((v, i) => {
      b.output(`y${i}`, v);
    });
    return b.build();
  };

  it.each<[readonly number[], PlainAttributes]>([
    [[8, 6], { strides: [2, 2] }],
    [[9, 7], { strides: [2, 2] }],
    [[9, 8], { kernel_shape: [3, 2], strides: [1, 2] }],
    [[9, 9], { strides: [1, 1], dilations: [2, 3] }],
  ])('finds the positions of maxima of %j by %j', async (size, attributes) => {
    expect(await off(pooled(size, attributes))).toBe(0);
  });

  it('takes the first of equal maxima', async () => {
    const graph = pooled([4, 4], { strides: [2, 2] });
    const feeds = { x: tensor('float32', [2, 3, 4, 4], new Float32Array(96)) };
    expect((await compareEmissions(graph, feeds, 'webgpu')).error).toBe(0);
  });

  it('refuses max pooling with padding whose positions are wanted, and says so', () => {
    const graph = pooled([4, 4], { pads: [1, 1, 1, 1] });
    expect(() => emitWebgpu(graph)).toThrow(/pool1.*padding.*use the device cpu/);
  });

  it.each<Geometry>([
    { batch: 4, channels: [3, 5], size: [8, 7] },
    { batch: 4, channels: [4, 6], size: [8, 8], stride: 2 },
    { batch: 3, channels: [4, 6], size: [9, 9], stride: 2 },
    { batch: 2, channels: [4, 4], size: [9, 8], kernel: 1, stride: 2 },
    { batch: 2, channels: [4, 4], size: [6, 6], kernel: 1 },
    { batch: 2, channels: [3, 4], size: [12, 12], dilation: 2 },
    { batch: 2, channels: [3, 4], size: [9, 8], kernel: 5, stride: 2 },
    { batch: 3, channels: [4, 4], size: [8, 8], pads: [0, 1, 2, 1] },
  ])('multiplies unfolded windows for the filters of %j', async (geometry) => {
    const graph = convolutionGradient(geometry);
    expect(count(graph, 'MatMul')).toBe(1);
    expect(await off(graph)).toBeLessThan(3e-6);
  });
});
