import { describe, expect, it } from 'vitest';
import { networkFromGraph } from '../../src/models/graph-network.ts';
import { modelNamed } from '../../src/models/registry.ts';
import { initialize } from '../../src/nn/index.ts';
import { type Dim, type Graph, GraphBuilder, tensor, tensorOf, toNumbers, type Value } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';

const pixels = Float32Array.from({ length: 3 * 3 * 8 * 8 }, (_, i) => (i % 17) / 16);

async function logitsOf(graph: Graph, count = 3): Promise<number[]> {
  const program = await compile(graph, { emission: 'plain' });
  try {
    const image = tensor('float32', [count, 3, 8, 8], pixels.slice(0, count * 3 * 64));
    return toNumbers((await program.run({ image })).logits!);
  } finally {
    await program.dispose();
  }
}

/** A linear classifier of two classes on 3 x 8 x 8 images: channel 0 against channel 2 at the first pixel, under a head. */
function linear(batch: Dim, head: (b: GraphBuilder, scores: Value) => Value = (_, x) => x, weight = 1): Graph {
  const b = new GraphBuilder('linear');
  const image = b.input('pictures', 'float32', [batch, 3, 8, 8]);
  const values = Array.from({ length: 2 * 192 }, (_, i) => (i === 0 || i === 192 + 128 ? weight : 0));
  const scores = b.op('Conv', [image, b.constant(tensorOf('float32', [2, 3, 8, 8], values))]);
  b.output('scores', head(b, b.reshape(scores, [typeof batch === 'number' ? batch : 0, 2])));
  return b.build();
}

describe('a network from a graph', () => {
  it('gives what the graph gives, at any batch where its own is open', async () => {
    const network = networkFromGraph(linear('N'));
    expect(network).toMatchObject({ name: 'linear', task: 'classification', inputShape: [3, 8, 8], classes: 2 });
    expect(network.largestBatch).toBeUndefined();
    const expected = [0, 1, 2].flatMap((i) => [pixels[192 * i]!, pixels[192 * i + 128]!]);
    expect(await logitsOf(network.graph(3))).toEqual(expected);
    expect(await logitsOf(network.graph('many'))).toEqual(expected);
    expect(await logitsOf(network.graph(1), 1)).toEqual(expected.slice(0, 2));
  });

  it('takes images one by one through a graph for one', async () => {
    const network = networkFromGraph(linear(1));
    expect(network.largestBatch).toBe(1);
    expect(await logitsOf(network.graph(3))).toEqual(await logitsOf(networkFromGraph(linear('N')).graph(3)));
    expect(() => network.graph('N')).toThrow(/for one image at a time/);
  });

  it('is the network that a model with these values is', async () => {
    const model = modelNamed('resnet8', { inputShape: [3, 8, 8] });
    const own = model.build(initialize(model.parameters, 0), 'N');
    const network = networkFromGraph(own, { name: 'mine', weights: 'seed 0' });
    expect(network).toMatchObject({ name: 'mine', weights: 'seed 0', classes: 10 });
    const [found, expected] = [await logitsOf(network.graph(3)), await logitsOf(own)];
    found.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('normalizes in front of it, and says so', async () => {
    const network = networkFromGraph(linear('N'), { normalize: '0.5/0.25' });
    expect(network.normalization).toMatchObject({ mean: [0.5, 0.5, 0.5], source: 'given' });
    const found = await logitsOf(network.graph(3));
    expect(found[0]).toBeCloseTo((pixels[0]! - 0.5) / 0.25, 5);
    expect(() => networkFromGraph(linear('N'), { normalize: '0.1,0.2/1,1' })).toThrow(/2 channels, images have 3/);
  });

  it('takes a Softmax off and notes it', async () => {
    const network = networkFromGraph(linear('N', (b, x) => b.op('Softmax', [x], { axis: 1 })));
    expect(network.notes?.[0]).toMatch(/Softmax at its end was taken off/);
    expect(await logitsOf(network.graph(3))).toEqual(await logitsOf(networkFromGraph(linear('N')).graph(3)));
  });

  it('refuses what it cannot be, in a line', () => {
    expect(() => networkFromGraph(linear(4))).toThrow(/batch must be open \(a name\) or 1, not 4/);
    expect(() => networkFromGraph(linear('N', undefined, Number.NaN))).toThrow(/^linear: weights must be finite/);
    expect(() => networkFromGraph(linear('N'), { task: 'segmentation' })).toThrow(
      /one output \[N, classes, height, width\]/,
    );
    expect(() => networkFromGraph(linear('N'), { classNames: ['one'] })).toThrow(/has 2 classes, but 1 names/);
    const b = new GraphBuilder('two');
    const x = b.input('a', 'float32', ['N', 3]);
    b.output('y', b.add(x, b.input('b', 'float32', ['N', 3])));
    expect(() => networkFromGraph(b.build())).toThrow(
      /^two: expected one input for images, .* got a float32\[N, 3\], b/,
    );
  });
});
