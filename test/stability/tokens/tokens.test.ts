/** Jacobians of transformer blocks, token by token, against closed forms and differences. */
import { describe, expect, it } from 'vitest';
import { smallSvd } from '../../../src/linalg/index.ts';
import { modelNamed, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { GraphBuilder, tensor, type Value } from '../../../src/onnx/index.ts';
import { activationsAt, activationsFrom, freshTwin, measureTokens } from '../../../src/stability/index.ts';
import { coupling, takeApart } from '../../../src/stability/tokens/coupling.ts';
import { normalityOf } from '../../../src/stability/tokens/normality.ts';
import { axisOf, tokenLayout, tokenOf, withToken } from '../../../src/stability/tokens/token-layout.ts';
import { streamMaps } from '../../../src/stability/tokens/transformer-blocks.ts';
import { consumers } from '../../../src/stability/units/dominators.ts';

const model = modelNamed('transformer2x16', { classes: 20 });
const network = { ...withValues(model, initialize(model.parameters, 3)), weights: 'random' };
const length = 6;
const graph = network.graph(1, length);
const numbers = [3, 1, 4, 1, 5, 9];
const point = {
  at: 0,
  input: tensor('int64', [1, length], BigInt64Array.from(numbers, BigInt)),
  labels: [1, 4, 1, 5, 9, -1],
};
const asked = { network, graph, dataset: 'digits', points: [point], top: 3, radius: 0.05, steps: 5, seed: 1 };

const ones = (b: GraphBuilder, shape: readonly number[]) => {
  const size = shape.reduce((n, d) => n * d, 1);
  return b.constant(tensor('float32', shape, new Float32Array(size).fill(1)));
};

describe('tokens of a state', () => {
  const value = (shape: readonly number[]): Value => new GraphBuilder('g').input('x', 'float32', shape);
  it.each([
    [[5, 7], 5, 7],
    [[1, 5, 7], 5, 7],
    [[5, 1, 7], 5, 7],
    [[1, 4, 4, 7], 16, 7],
    [[1, 7, 4, 4], 16, 7],
  ])('%j are %i of %i numbers, and come back where they were', (shape, tokens, width) => {
    const layout = tokenLayout(value(shape));
    expect(layout).toMatchObject({ tokens, width });
    const entries = Float64Array.from({ length: width }, (_, i) => i + 1);
    const state = withToken(entries, layout, tokens - 1);
    expect(state.filter((x) => x !== 0).length).toBe(width);
    expect(tokenOf(state, layout, tokens - 1)).toEqual(entries);
    expect(Math.max(...tokenOf(state, layout, 0))).toBe(0);
  });

  it('are not guessed', () => {
    expect(() => tokenLayout(value([1, 2, 3, 4]))).toThrow(/has no tokens: expected/);
    expect(() => tokenLayout(value([2, 3, 4, 4]))).toThrow(/has no tokens: expected/);
    expect(() => tokenLayout(value([1, 2, 3, 3, 3]))).toThrow(/has no tokens: expected/);
  });

  it.each([
    [
      'a convolution',
      [1, 4, 4, 4],
      'channels',
      (b: GraphBuilder, x: Value) => b.op('Conv', [x, ones(b, [4, 4, 1, 1])]),
    ],
    [
      'a product of matrices',
      [1, 4, 4, 4],
      'last',
      (b: GraphBuilder, x: Value) => b.op('MatMul', [x, ones(b, [4, 4])]),
    ],
    [
      'what turns channels to the end, behind a sum',
      [1, 4, 2, 3],
      'channels',
      (b: GraphBuilder, x: Value) => b.op('Transpose', [b.op('Add', [x, ones(b, [1])])], { perm: [0, 2, 3, 1] }),
    ],
    ['nothing that tells', [1, 4, 2, 3], undefined, (b: GraphBuilder, x: Value) => b.op('Softmax', [x])],
  ] as const)('of four axes are told by %s', (_, shape, axis, read) => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', shape);
    b.output('y', read(b, x));
    const found = axisOf(consumers(b.build()), x);
    expect(found).toBe(axis);
    if (found === 'channels')
      expect(tokenLayout(x, found)).toMatchObject({
        tokens: shape[2] * shape[3],
        width: shape[1],
        stride: { token: 1 },
      });
    if (found === 'last') expect(tokenLayout(x, found)).toMatchObject({ tokens: 16, width: 4, stride: { token: 4 } });
  });
});

describe('coupling and normality', () => {
  it('m_K is 0 for one map twice, however scaled, and 1 for vectors that the map does not see', async () => {
    const diagonal = (entries: readonly number[]) =>
      takeApart(
        Float64Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? entries[i / 5]! : 0)),
        4,
        2,
      );
    const [j1, scaled, other] = await Promise.all([
      diagonal([3, 2, 0, 0]),
      diagonal([30, 20, 1, 0]),
      diagonal([0, 0, 3, 2]),
    ]);
    expect(coupling(j1, scaled).signed).toBeCloseTo(0, 12);
    expect(coupling(j1, other).signed).toBeCloseTo(1, 12);
    // Along one of two pairs of vectors the other sign: |3 - 3|² + |-2 - 2|² of 3² + 2².
    const turned = await diagonal([3, -2, 0, 0]);
    const { signed, unsigned } = coupling(turned, j1);
    expect(signed).toBeCloseTo(Math.sqrt(16 / 13), 12);
    expect(unsigned).toBeCloseTo(0, 12);
  });

  it('a rotation is normal, a nilpotent map is nothing but departure', () => {
    const rotation = normalityOf(Float64Array.of(0, -1, 1, 0), 2);
    expect(rotation!.radius).toBeCloseTo(1, 12);
    expect(rotation!.departure).toBeCloseTo(0, 6);
    expect(normalityOf(Float64Array.of(0, 1, 0, 0), 2)).toMatchObject({ radius: 0, departure: 1 });
  });
});

describe('a transformer', () => {
  it('has blocks of an attention and a feed-forward unit, and a stream through all of them', () => {
    const maps = streamMaps(graph);
    expect(maps.map((m) => m.part)).toEqual([
      ...['block', 'attention', 'feed-forward'],
      ...['block', 'attention', 'feed-forward'],
      'stream',
    ]);
    expect(maps.filter((m) => m.part === 'block').every((m) => m.additive)).toBe(true);
    expect(maps[0]!.name).toBe('transformer.h.0');
  });

  const measured = measureTokens({ ...asked, tokens: [1, 4], steps: 8 });

  it('has Jacobians of tokens that agree with differences; no token sees a later one', async () => {
    const { maps, coupling: coupled } = await measured;
    const [map] = streamMaps(graph);
    const block = maps[0]!;
    const layout = tokenLayout(map!.from);
    const pair = (from: number, to: number) => block.pairs.find((p) => p.from === from && p.to === to)!;
    expect(pair(4, 1).frobenius).toBe(0);
    expect(block.reach[1]!.norms.slice(0, 4)).toEqual([0, 0, 0, 0]);
    const [at] = await activationsAt(graph, [map!.from], [point.input]);
    const state = at!.get(map!.from)!;
    const h = 1e-3;
    const moved = (entry: number, step: number) => {
      const data = (state.data as Float32Array).slice();
      data[1 * layout.stride.token + entry]! += step;
      return tensor('float32', state.shape, data);
    };
    const steps = Array.from({ length: 16 }, (_, c) => [moved(c, h), moved(c, -h)]).flat();
    const ends = (await activationsFrom(graph, map!.from, [map!.to], steps)).map((e) =>
      tokenOf(e.get(map!.to)!.data as Float32Array, layout, 4),
    );
    // Output token 4 by input token 1.
    const jacobian = Float64Array.from({ length: 256 }, (_, i) => {
      const [row, column] = [i >> 4, i & 15];
      return (ends[2 * column]![row]! - ends[2 * column + 1]![row]!) / (2 * h);
    });
    const { values } = smallSvd(jacobian, 16, 16);
    expect(values[0]).toBeGreaterThan(1e-3);
    pair(1, 4).singularValues.forEach((v, i) => {
      expect(Math.abs(v - values[i]!)).toBeLessThan(2e-4);
    });
    // The mean of a token goes through unseen: every map has the eigenvalue 1 there.
    for (const { eigenvalues } of maps.flatMap((m) => m.normality))
      expect(Math.min(...eigenvalues.map(([re, im]) => Math.hypot(re - 1, im)))).toBeLessThan(1e-4);
    expect(coupled.map((c) => c.token)).toEqual([1, 4]);
    expect(coupled[0]!.values.map((row, i) => row[i])).toEqual([expect.closeTo(0, 10), expect.closeTo(0, 10)]);
  });

  it('is fooled more by a perturbation that raises the loss than by others of its length', async () => {
    const [own] = (await measured).growth;
    const loss = Object.fromEntries(own!.kinds.map((k) => [k.kind, k.loss]));
    expect(loss.adversarial).toBeGreaterThan(own!.loss);
    expect(loss.adversarial).toBeGreaterThan(loss.random!);
    expect(loss.adversarial).toBeGreaterThan(loss.shuffled!);
    // It has the component along the gradient that a step of ascent makes, and so raises the loss more than noise does.
    expect(loss.directed).toBeGreaterThan(loss.random!);
    expect(loss.adversarial).toBeGreaterThanOrEqual(loss.directed!);
    expect(own!.kinds.map((k) => k.kind)).toEqual(['adversarial', 'random', 'shuffled', 'directed']);
    for (const { places } of own!.kinds) {
      expect(places[0]).toEqual({ name: 'embeddings', relative: 0.05, growth: 1 });
      expect(places.length).toBe(3);
    }
  });

  it('is held against the same architecture untrained, which is perturbed against its own answers', async () => {
    const fresh = freshTwin(network, 8)!;
    const { untrained, growth } = await measureTokens({ ...asked, tokens: 'last', untrained: fresh });
    expect(untrained!.weights).toBe('freshly initialized (seed 8)');
    // What it answers by itself: the largest score of each row, none where the sequence ends.
    const freshGraph = fresh.graph(1, length);
    const run = await activationsAt(freshGraph, [freshGraph.outputs[0]!.value], [point.input]);
    const scores = [...run[0]!.values()][0]!.data as Float32Array;
    const surprise = Array.from({ length: length - 1 }, (_, row) => {
      const own = Array.from(scores.subarray(20 * row, 20 * row + 20));
      const largest = Math.max(...own);
      return Math.log(own.reduce((sum, v) => sum + Math.exp(v - largest), 0));
    });
    const [twin] = untrained!.growth;
    expect(twin!.loss).toBeCloseTo(surprise.reduce((a, b) => a + b, 0) / surprise.length, 4);
    expect(twin!.radius).not.toBeCloseTo(growth[0]!.radius, 6);
    const loss = Object.fromEntries(twin!.kinds.map((k) => [k.kind, k.loss]));
    expect(loss.adversarial).toBeGreaterThan(Math.max(loss.random!, loss.shuffled!));
  });

  it('has no perturbation that is worse than a random one where the loss is flat', async () => {
    const flat = new Map(
      [...network.builtFrom!.params].map(([name, t]) => [
        name,
        name.includes('ln_f') ? { ...t, data: new Float32Array(t.data.length) } : t,
      ]),
    );
    const dull = { ...withValues(model, flat), weights: 'random' };
    const { growth } = await measureTokens({
      ...asked,
      network: dull,
      graph: dull.graph(1, length),
      tokens: 'last',
      steps: 2,
    });
    for (const { kind, loss, places } of growth[0]!.kinds) {
      expect(`${kind} ${loss.toFixed(4)}`).toBe(`${kind} ${Math.log(20).toFixed(4)}`);
      expect(places.at(-1)!.growth).toBeGreaterThan(0.1);
    }
  });

  it('says which token is not there', async () => {
    await expect(measureTokens({ ...asked, tokens: [6] })).rejects.toThrow(/there is no token 6/);
  });
});
