import { describe, expect, it } from 'vitest';
import { grad } from '../../../src/autodiff/index.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { lstm } from '../../../src/models/architectures/lstm.ts';
import { initialize, matchParameters, type Params, parameterCount } from '../../../src/nn/index.ts';
import { type TensorData, tensorOf, toNumbers } from '../../../src/onnx/index.ts';
import { compareEmissions, compile } from '../../../src/runtime/index.ts';
import { inFloat64, toFloat64 } from '../../graphs/float64.ts';
import { randomParams, withLoss } from '../training.ts';

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** One sequence through the network, in plain loops. */
function byHand(params: Params, tokens: readonly number[], layers: number, hidden: number, state: number[]) {
  const rows = (name: string) => {
    const t = params.get(name)!;
    const values = toNumbers(t);
    const width = t.shape[1]!;
    return Array.from({ length: t.shape[0]! }, (_, i) => values.slice(i * width, (i + 1) * width));
  };
  const vector = (name: string) => toNumbers(params.get(name)!);
  const times = (m: number[][], v: number[]) => m.map((r) => r.reduce((s, w, j) => s + w * v[j]!, 0));
  const decoder = params.has('decoder.weight') ? 'decoder.weight' : 'encoder.weight';
  const next = [...state];
  const logits = tokens.map((token) => {
    let x = rows('encoder.weight')[token]!;
    for (let l = 0; l < layers; l++) {
      const at = 2 * l * hidden;
      const [h, c] = [next.slice(at, at + hidden), next.slice(at + hidden, at + 2 * hidden)];
      const [fromX, fromH] = [times(rows(`rnn.weight_ih_l${l}`), x), times(rows(`rnn.weight_hh_l${l}`), h)];
      const [bi, bh] = [vector(`rnn.bias_ih_l${l}`), vector(`rnn.bias_hh_l${l}`)];
      const z = fromX.map((v, i) => v + fromH[i]! + bi[i]! + bh[i]!);
      x = Array.from({ length: hidden }, (_, k) => {
        const [i, f, g, o] = [z[k]!, z[hidden + k]!, z[2 * hidden + k]!, z[3 * hidden + k]!];
        const cell = sigmoid(f) * c[k]! + sigmoid(i) * Math.tanh(g);
        next[at + hidden + k] = cell;
        next[at + k] = sigmoid(o) * Math.tanh(cell);
        return next[at + k]!;
      });
    }
    const bias = vector('decoder.bias');
    return times(rows(decoder), x).map((v, i) => v + bias[i]!);
  });
  return { logits: logits.flat(), state: next };
}

function feedsFor(batch: number, length: number, vocabulary: number, width: number): Record<string, TensorData> {
  const stream = new RandomStream({ seed: 3, purpose: 'test/tokens' });
  const tokens = Array.from({ length: batch * length }, () => stream.integer(vocabulary));
  const state = Array.from({ length: batch * width }, () => 0.5 * stream.normal());
  return {
    tokens: tokensOf(tokens, [batch, length]),
    state: tensorOf('float32', [batch, width], state),
  };
}

const tokensOf = (values: readonly number[], shape: readonly number[]) => tensorOf('int64', shape, values);

describe('the LSTM language model', () => {
  it('of two layers of 200 on 10 000 words has 4 653 200 parameters, tied 2 653 200, and the sizes of 1409.2329', () => {
    const count = (options: Parameters<typeof lstm>[0]) => parameterCount(lstm(options).parameters);
    expect(count({})).toBe(4_653_200);
    expect(count({ tied: true })).toBe(2_653_200);
    // The medium model of Zaremba et al. (2 x 650, "20M") and the large one (2 x 1500, "66M").
    expect(count({ hidden: 650 }) / 1e6).toBeCloseTo(19.8, 1);
    expect(count({ hidden: 1500 }) / 1e6).toBeCloseTo(66.0, 1);
  });

  it('names and shapes its parameters as nn.Embedding, nn.LSTM and nn.Linear do', () => {
    const { parameters } = lstm({ layers: 2, hidden: 5, embedding: 3, vocabulary: 7 });
    expect(parameters.map((p) => `${p.name}[${p.shape}]`)).toEqual([
      'encoder.weight[7,3]',
      'rnn.weight_ih_l0[20,3]',
      'rnn.weight_hh_l0[20,5]',
      'rnn.bias_ih_l0[20]',
      'rnn.bias_hh_l0[20]',
      'rnn.weight_ih_l1[20,5]',
      'rnn.weight_hh_l1[20,5]',
      'rnn.bias_ih_l1[20]',
      'rnn.bias_hh_l1[20]',
      'decoder.weight[7,5]',
      'decoder.bias[7]',
    ]);
  });

  it.each([
    { layers: 1, tied: false, length: 4 },
    { layers: 2, tied: true, length: 3 },
    { layers: 2, tied: false, length: 1 },
  ])(
    'computes what the recurrence says: $layers layers, tied $tied, $length steps',
    async ({ layers, tied, length }) => {
      const [hidden, vocabulary, batch] = [5, 7, 3];
      const model = lstm({ layers, hidden, embedding: tied ? 5 : 4, vocabulary, tied });
      const params = randomParams(model, 0.7);
      const feeds = feedsFor(batch, length, vocabulary, model.state!);
      const program = await compile(model.build(params, batch, length));
      const { logits, state_out } = await program.run(feeds);
      await program.dispose();
      expect(logits!.shape).toEqual([batch, length, vocabulary]);
      const [tokens, state, width] = [toNumbers(feeds.tokens!), toNumbers(feeds.state!), model.state!];
      for (let i = 0; i < batch; i++) {
        const expected = byHand(
          params,
          tokens.slice(i * length, (i + 1) * length),
          layers,
          hidden,
          state.slice(i * width, (i + 1) * width),
        );
        const size = length * vocabulary;
        toNumbers(logits!)
          .slice(i * size, (i + 1) * size)
          .forEach((v, k) => {
            expect(v).toBeCloseTo(expected.logits[k]!, 5);
          });
        toNumbers(state_out!)
          .slice(i * width, (i + 1) * width)
          .forEach((v, k) => {
            expect(v).toBeCloseTo(expected.state[k]!, 5);
          });
      }
    },
  );

  it('gives in two pieces, the state handed over, what it gives in one', async () => {
    const model = lstm({ hidden: 6, vocabulary: 9 });
    const params = randomParams(model, 0.7);
    const { tokens, state } = feedsFor(1, 6, 9, model.state!);
    const run = async (from: number, to: number, at: TensorData) => {
      const program = await compile(model.build(params, 1, to - from));
      const out = await program.run({
        tokens: tokensOf(toNumbers(tokens!).slice(from, to), [1, to - from]),
        state: at,
      });
      await program.dispose();
      return out as { logits: TensorData; state_out: TensorData };
    };
    const whole = await run(0, 6, state!);
    const first = await run(0, 4, state!);
    const second = await run(4, 6, first.state_out);
    const joined = [...toNumbers(first.logits), ...toNumbers(second.logits)];
    toNumbers(whole.logits).forEach((v, i) => {
      expect(v).toBeCloseTo(joined[i]!, 5);
    });
    expect(toNumbers(second.state_out)).toEqual(toNumbers(whole.state_out));
  });

  it('has gradients that equal central differences in float64 for every parameter', async () => {
    const model = lstm({ layers: 2, hidden: 3, vocabulary: 5, tied: true, dropout: 0.5 });
    const loss = inFloat64(withLoss(model.trace(2, 3)));
    const wrt = model.parameters.map((p) => p.name);
    const [value, gradient] = [await compile(loss), await compile(grad(loss, { wrt, of: 'loss' }))];
    const given = { ...feedsFor(2, 3, 5, model.state!), ...Object.fromEntries(randomParams(model, 0.7)) };
    const feeds = Object.fromEntries(Object.entries(given).map(([name, t]) => [name, toFloat64(t)]));
    const analytic = await gradient.run(feeds);
    const at = async (name: string, i: number, h: number) => {
      const moved = toNumbers(feeds[name]!).map((v, k) => (k === i ? v + h : v));
      const out = await value.run({ ...feeds, [name]: tensorOf('float64', feeds[name]!.shape, moved) });
      return toNumbers(out.loss!)[0]!;
    };
    for (const name of wrt) {
      const g = toNumbers(analytic[`${name}_gradient`]!);
      const h = 1e-3;
      for (let i = 0; i < g.length; i++) {
        const differences = [
          await at(name, i, -2 * h),
          await at(name, i, -h),
          await at(name, i, h),
          await at(name, i, 2 * h),
        ];
        const [a, b, c, d] = differences as [number, number, number, number];
        expect(Math.abs((a - 8 * b + 8 * c - d) / (12 * h) - g[i]!), `${name}[${i}]`).toBeLessThan(1e-9);
      }
      expect(Math.max(...g.map(Math.abs)), `${name} matters`).toBeGreaterThan(1e-4);
    }
    await value.dispose();
    await gradient.dispose();
  });

  it('marks the places of dropout: after the encoder, between layers, before the decoder', () => {
    const nodes = lstm({ hidden: 4, vocabulary: 5, dropout: 0.3 })
      .trace(2, 3)
      .nodes.filter((n) => n.opType === 'Dropout');
    expect(nodes.map((n) => n.name)).toEqual(['encoder.drop', 'rnn.drop0', 'rnn.drop1']);
    expect(
      lstm()
        .trace(1, 2)
        .nodes.some((n) => n.opType === 'Dropout'),
    ).toBe(false);
  });

  it('spends two Gemms a layer and step at most and one on the decoder', () => {
    const gemms = lstm()
      .trace(4, 35)
      .nodes.filter((n) => n.opType === 'Gemm');
    expect(gemms.length).toBe(2 * (35 + 1) + 1);
  });

  it('gives the same numbers in both emissions', async () => {
    const model = lstm({ hidden: 8, vocabulary: 11 });
    const graph = model.build(initialize(model.parameters, 0), 2, 5);
    expect((await compareEmissions(graph, feedsFor(2, 5, 11, model.state!))).error).toBeLessThan(1e-5);
  });

  it("starts with PyTorch's bounds", () => {
    const params = initialize(lstm({ hidden: 16, vocabulary: 50 }).parameters, 0);
    const largest = (name: string) => Math.max(...toNumbers(params.get(name)!).map(Math.abs));
    expect(largest('rnn.weight_hh_l1')).toBeLessThanOrEqual(0.25);
    expect(largest('rnn.weight_hh_l1')).toBeGreaterThan(0.24);
    expect(largest('rnn.bias_ih_l0')).toBeGreaterThan(0.2);
    expect(largest('encoder.weight')).toBeLessThanOrEqual(0.1);
    expect(largest('decoder.bias')).toBe(0);
  });

  it('takes a tied checkpoint of PyTorch, which holds the table under both names, and no other stranger', () => {
    const { parameters } = lstm({ layers: 1, hidden: 4, vocabulary: 6, tied: true });
    const params = new Map(initialize(parameters, 0));
    params.set('decoder.weight', params.get('encoder.weight')!);
    expect([...matchParameters(parameters, params, 'x.pt').keys()]).toEqual(parameters.map((p) => p.name));
    const untied = lstm({ layers: 1, hidden: 4, vocabulary: 6 }).parameters.filter((p) => p.name !== 'decoder.weight');
    expect(() => matchParameters(untied, params, 'x.pt')).toThrow(/unexpected 1: decoder.weight/);
  });

  it('refuses what cannot be laid out in one line', () => {
    expect(() => lstm({ tied: true, embedding: 3, hidden: 4 })).toThrow(
      /tied decoder needs embedding = hidden, got 3 and 4/,
    );
    expect(() => lstm().trace('batch')).toThrow(/the batch size must be a number/);
    expect(() => lstm().trace(1, 0)).toThrow(/sequences must have 1 to/);
  });
});
