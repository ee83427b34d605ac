import { afterAll, describe, expect, it } from 'vitest';
import type { ParameterSpec, Params } from '../nn/index.ts';
import { GraphBuilder, sizeOf, type TensorData, tensor } from '../onnx/index.ts';
import { RandomStream } from '../random.ts';
import { type OptimizerOptions, optimizerNamed } from './optimizers.ts';
import type { Objective } from './step.ts';
import { Trainer } from './trainer.ts';

const open: Trainer[] = [];
afterAll(async () => {
  for (const trainer of open) await trainer.dispose();
});

/** A matrix, a filter, a bias, and a matrix that is all 0 at first. */
const shapes: Readonly<Record<string, readonly number[]>> = { w: [3, 4], conv: [2, 3, 2, 2], bias: [5], zero: [2, 2] };
const names = Object.keys(shapes);
const specs: readonly ParameterSpec[] = names.map((name) => ({
  name,
  shape: shapes[name]!,
  init: 'zeros',
  trainable: true,
}));

/** The loss is <w, g>, so that the gradient is what the input says: the step's arithmetic alone. */
function objective(): Objective {
  const b = new GraphBuilder('dot');
  for (const name of names) {
    const w = b.input(name, 'float32', shapes[name]!);
    b.output(`y.${name}`, b.mul(w, b.input(`g.${name}`, 'float32', shapes[name]!)));
  }
  return {
    graph: b.build(),
    loss: (builder, outputs) =>
      [...outputs.values()]
        .map((y) => builder.reduceSum(y, [...y.shape.keys()], false))
        .reduce((sum, part) => builder.add(sum, part)),
  };
}

const draw = (purpose: string, step: number): ReadonlyMap<string, TensorData> =>
  new Map(
    names.map((name, index) => {
      const random = new RandomStream({ seed: 9, purpose, step, index });
      return [name, tensor('float32', shapes[name]!, random.fillNormal(new Float32Array(sizeOf(shapes[name]!))))];
    }),
  );
const start: Params = new Map([...draw('start', 0), ['zero', tensor('float32', shapes.zero!, new Float32Array(4))]]);

async function trainerOf(name: string, options: OptimizerOptions, clipNorm?: number): Promise<Trainer> {
  const trainer = await Trainer.create({
    objective,
    parameters: specs,
    initial: start,
    rule: optimizerNamed(name, options),
    batchSize: 1,
    microBatch: 1,
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  open.push(trainer);
  return trainer;
}

async function stepped(trainer: Trainer, name: string, options: OptimizerOptions, step: number, factor = 1) {
  const gradients = draw('gradient', step);
  const inputs = Object.fromEntries(
    [...gradients].map(([key, t]) => [
      `g.${key}`,
      tensor(
        'float32',
        t.shape,
        (t.data as Float32Array).map((v) => factor * v),
      ),
    ]),
  );
  const scalars = optimizerNamed(name, options).scalarsAt(step, rate);
  return trainer.step({ batch: () => ({ inputs, targets: 1 }), scalars, step });
}

/** What the papers' formulas say for one parameter, in float64. */
type Reference = (at: {
  readonly w: Float64Array;
  readonly g: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly t: number;
  /** Whether it is a weight, not a bias. */
  readonly weight: boolean;
}) => void;

const [rate, decay] = [0.1, 0.05];
const length = (x: Float64Array) => Math.sqrt(x.reduce((s, a) => s + a * a, 0));

const sgd =
  (momentum: number, nesterov = false, decayed = (_: boolean) => true): Reference =>
  ({ w, g, m, weight }) => {
    w.forEach((old, i) => {
      const d = g[i]! + (decayed(weight) ? decay * old : 0);
      m[i] = momentum * m[i]! + d;
      w[i] = old - rate * (nesterov ? d + momentum * m[i]! : m[i]!);
    });
  };

const adam =
  (decoupled: boolean, decayed = (_: boolean) => true): Reference =>
  ({ w, g, m, v, t, weight }) => {
    const own = decayed(weight) ? decay : 0;
    w.forEach((old, i) => {
      const d = g[i]! + (decoupled ? 0 : own * old);
      m[i] = 0.9 * m[i]! + 0.1 * d;
      v[i] = 0.999 * v[i]! + 0.001 * d * d;
      const direction = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
      w[i] = old - (decoupled ? rate * own * old : 0) - rate * direction;
    });
  };

const lars =
  (adapted: (weight: boolean) => boolean, trust: number): Reference =>
  ({ w, g, m, weight }) => {
    const own = adapted(weight) ? decay : 0;
    const [wn, gn] = [length(w), length(g)];
    const local = adapted(weight) && wn > 0 && gn > 0 ? (trust * wn) / (gn + own * wn) : 1;
    w.forEach((old, i) => {
      m[i] = 0.9 * m[i]! + rate * local * (g[i]! + own * old);
      w[i] = old - m[i]!;
    });
  };

const lamb =
  (adapted: (weight: boolean) => boolean): Reference =>
  ({ w, g, m, v, t, weight }) => {
    const own = adapted(weight) ? decay : 0;
    const u = w.map((old, i) => {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
      v[i] = 0.999 * v[i]! + 0.001 * g[i]! * g[i]!;
      return m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-6) + own * old;
    });
    const [wn, un] = [length(w), length(u)];
    const ratio = adapted(weight) && wn > 0 && un > 0 ? wn / un : 1;
    w.forEach((old, i) => {
      w[i] = old - rate * ratio * u[i]!;
    });
  };

const [everything, weights] = [() => true, (weight: boolean) => weight];
const onWeights = { decayOn: 'weights' } as const;
const cases: readonly (readonly [string, OptimizerOptions, Reference])[] = [
  ['sgd', {}, sgd(0)],
  ['sgd', onWeights, sgd(0, false, weights)],
  ['momentum', {}, sgd(0.9)],
  ['nesterov', { momentum: 0.8 }, sgd(0.8, true)],
  ['adam', {}, adam(false)],
  ['adam', onWeights, adam(false, weights)],
  ['adamw', {}, adam(true)],
  ['adamw', onWeights, adam(true, weights)],
  ['lars', { trust: 0.02 }, lars(weights, 0.02)],
  ['lars', { adaptOn: 'all' }, lars(everything, 0.001)],
  ['lamb', {}, lamb(weights)],
  ['lamb', { adaptOn: 'all' }, lamb(everything)],
];

describe('optimisers', () => {
  it.each(cases)('%s %o follows its formula for 12 steps', async (name, more, reference) => {
    const options = { weightDecay: decay, ...more };
    const trainer = await trainerOf(name, options);
    const expected = names.map((key) => {
      const w = Float64Array.from(start.get(key)!.data as Float32Array);
      return { key, w, m: new Float64Array(w.length), v: new Float64Array(w.length), weight: shapes[key]!.length > 1 };
    });
    for (let step = 0; step < 12; step++) {
      await stepped(trainer, name, options, step);
      const gradients = draw('gradient', step);
      for (const { key, ...own } of expected)
        reference({ ...own, g: Float64Array.from(gradients.get(key)!.data as Float32Array), t: step + 1 });
      const now = trainer.parameters();
      for (const { key, w } of expected)
        w.forEach((value, i) => {
          expect(Math.abs(Number(now.get(key)!.data[i]) - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
        });
    }
  });

  it.each(['lars', 'lamb'])('%s without decay does the same with gradients a thousand times as large', async (name) => {
    const options = { adaptOn: 'all' } as const;
    const [a, b] = [await trainerOf(name, options), await trainerOf(name, options)];
    // LARS moves what is 0 by the gradient itself, so its comparison begins after a step; LAMB's moments must be scaled from the start.
    const first = name === 'lars' ? 1 : 0;
    for (let step = 0; step < first; step++) for (const trainer of [a, b]) await stepped(trainer, name, options, step);
    for (let step = first; step < first + 4; step++) {
      await stepped(a, name, options, step);
      await stepped(b, name, options, step, 1000);
    }
    for (const [key, t] of a.parameters())
      (t.data as Float32Array).forEach((value, i) => {
        expect(Number(b.parameters().get(key)!.data[i])).toBeCloseTo(value, 5);
      });
  });

  it('see a gradient whose norm is bounded, and the norm before that is reported', async () => {
    const bound = 2.5;
    const [clipped, free] = [await trainerOf('sgd', {}, bound), await trainerOf('sgd', {})];
    const { gradSquare } = await stepped(clipped, 'sgd', {}, 0);
    const norm = Math.sqrt(gradSquare);
    expect(norm).toBeGreaterThan(bound);
    expect((await stepped(free, 'sgd', {}, 0, bound / (norm + 1e-6))).gradSquare).toBeCloseTo(bound ** 2, 4);
    for (const [key, t] of free.parameters())
      (t.data as Float32Array).forEach((value, i) => {
        expect(Number(clipped.parameters().get(key)!.data[i])).toBeCloseTo(value, 6);
      });
    // A bound that is not reached changes nothing.
    const wide = await trainerOf('sgd', {}, 1e4);
    const plain = await trainerOf('sgd', {});
    await stepped(wide, 'sgd', {}, 1);
    await stepped(plain, 'sgd', {}, 1);
    expect([...wide.parameters()]).toEqual([...plain.parameters()]);
  });

  it('are known by name, and refuse options of others', () => {
    expect(() => optimizerNamed('sgdd')).toThrow('unknown optimiser "sgdd"; expected sgd, momentum,');
    expect(() => optimizerNamed('adam', { momentum: 0.9 })).toThrow(
      'the optimiser adam has no momentum; it takes weightDecay',
    );
  });
});
