import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { Params } from '../../../src/nn/index.ts';
import { GraphBuilder, tensor } from '../../../src/onnx/index.ts';
import { optimizerNamed, optimizerNames, optimizerOptions } from '../../../src/train/optimizers/index.ts';
import type { OptimizerOptions } from '../../../src/train/optimizers/optimizer.ts';
import type { Objective } from '../../../src/train/step.ts';
import { Trainer } from '../../../src/train/trainer.ts';

const open: Trainer[] = [];
afterAll(async () => {
  for (const trainer of open) await trainer.dispose();
});

/** Weights, biases and a norm's scale as they follow each other in networks; two start at 0. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv.weight': [4, 3, 3, 3],
  'bn.weight': [4],
  'bn.bias': [4],
  'zero.weight': [3, 5],
  'fc.weight': [5, 4],
  'fc.bias': [5],
  temperature: [],
};
const names = Object.keys(shapes);
const zeros = ['bn.bias', 'zero.weight'];
const sizeOf = (name: string) => shapes[name]!.reduce((n, d) => n * d, 1);
const isWeight = (name: string) => shapes[name]!.length >= 2;

type Vectors = Record<string, Float64Array>;
const vectors = (make: (name: string) => Iterable<number>): Vectors =>
  Object.fromEntries(names.map((name) => [name, Float64Array.from(make(name), Math.fround)]));
const gaussian = (random: RandomStream, size: number, scale: number) =>
  random.fillNormal(new Float64Array(size), scale);

const start = vectors((name) =>
  gaussian(new RandomStream({ seed: 1, purpose: name }), sizeOf(name), zeros.includes(name) ? 0 : 0.7),
);
/** Gradients of very different lengths; that of `fc.bias` is 0 for three steps. */
const gradientAt = (step: number, index = 0): Vectors =>
  vectors((name) => {
    const scale = name === 'fc.bias' && step < 3 ? 0 : name === 'conv.weight' ? 0.02 : 1 / (1 + (step % 4));
    return gaussian(new RandomStream({ seed: 2, purpose: name, step, index }), sizeOf(name), scale);
  });

/** A loss whose gradient is what the step is fed: the sum of all w g. */
function fed(): Objective {
  const b = new GraphBuilder('fed');
  for (const name of names) {
    const w = b.input(name, 'float32', shapes[name]!);
    const product = b.mul(w, b.input(`${name}.fed`, 'float32', shapes[name]!));
    b.output(`${name}.term`, b.reduceSum(b.reshape(product, [-1]), [0], false));
  }
  const loss: Objective['loss'] = (builder, outputs) =>
    [...outputs.values()].reduce((sum, term) => builder.add(sum, term));
  return { graph: b.build(), loss };
}
const tensors = (values: Vectors, suffix = '') =>
  Object.fromEntries(
    names.map((name) => [name + suffix, tensor('float32', shapes[name]!, Float32Array.from(values[name]!))]),
  );
const initial: Params = new Map(Object.entries(tensors(start)));

type Setting = OptimizerOptions & { readonly optimizer: string; readonly clipNorm?: number; readonly micros?: number };

async function trainerOf({ optimizer, clipNorm, micros = 1, ...options }: Setting) {
  const rule = optimizerNamed(optimizer, options);
  const trainer = await Trainer.create({
    objective: fed,
    parameters: names.map((name) => ({ name, shape: shapes[name]!, init: 'zeros', trainable: true })),
    initial,
    rule,
    batchSize: micros,
    microBatch: 1,
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  open.push(trainer);
  return { trainer, rule };
}

const rateAt = (step: number) => 0.05 * (1 + (step % 3));
const norm = (v: Float64Array) => Math.sqrt(v.reduce((s, x) => s + x * x, 0));
const plus = (a: Float64Array, factor: number, b: Float64Array) => a.map((x, i) => x + factor * b[i]!);

/** The papers' formulas for one tensor, in float64. `t` counts from 1; `state` is the tensor's own. */
type Formula = (
  w: Float64Array,
  g: Float64Array,
  state: { v: Float64Array; s: Float64Array },
  at: { readonly t: number; readonly lr: number; readonly weight: boolean },
) => Float64Array;

function formulaOf({ optimizer, weightDecay = 0, decayOn = 'all', adaptOn = 'weights', ...o }: Setting): Formula {
  const d = (weight: boolean) => (decayOn === 'all' || weight ? weightDecay : 0);
  const m = o.momentum ?? (optimizer === 'sgd' ? 0 : 0.9);
  const [b1, b2] = [o.beta1 ?? 0.9, o.beta2 ?? 0.999];
  const epsilon = o.epsilon ?? (optimizer === 'lamb' ? 1e-6 : 1e-8);
  const adamDirection = (g: Float64Array, state: { v: Float64Array; s: Float64Array }, t: number) => {
    state.v = state.v.map((v, i) => b1 * v + (1 - b1) * g[i]!);
    state.s = state.s.map((s, i) => b2 * s + (1 - b2) * g[i]! ** 2);
    return state.v.map((v, i) => v / (1 - b1 ** t) / (Math.sqrt(state.s[i]! / (1 - b2 ** t)) + epsilon));
  };
  const formulas: Readonly<Record<string, Formula>> = {
    sgd: (w, g, state, { lr, weight }) => {
      state.v = plus(plus(g, d(weight), w), m, state.v);
      return plus(w, -lr, state.v);
    },
    nesterov: (w, g, state, { lr, weight }) => {
      const full = plus(g, d(weight), w);
      state.v = plus(full, m, state.v);
      return plus(w, -lr, plus(full, m, state.v));
    },
    adam: (w, g, state, { t, lr, weight }) => plus(w, -lr, adamDirection(plus(g, d(weight), w), state, t)),
    adamw: (w, g, state, { t, lr, weight }) => {
      const kept = w.map((x) => x * (1 - lr * d(weight)));
      return plus(kept, -lr, adamDirection(g, state, t));
    },
    lars: (w, g, state, { lr, weight }) => {
      const adapts = adaptOn === 'all' || weight;
      const decay = adapts ? weightDecay : 0;
      const lambda =
        adapts && norm(w) > 0 && norm(g) > 0 ? ((o.trust ?? 0.001) * norm(w)) / (norm(g) + decay * norm(w)) : 1;
      const full = plus(g, decay, w);
      state.v = state.v.map((v, i) => m * v + lr * lambda * full[i]!);
      return plus(w, -1, state.v);
    },
    lamb: (w, g, state, { t, lr, weight }) => {
      const adapts = adaptOn === 'all' || weight;
      const u = plus(adamDirection(g, state, t), adapts ? weightDecay : 0, w);
      const ratio = adapts && norm(w) > 0 && norm(u) > 0 ? norm(w) / norm(u) : 1;
      return plus(w, -lr * ratio, u);
    },
  };
  return formulas[optimizer === 'momentum' ? 'sgd' : optimizer]!;
}

/** min(1, c / (|g| + 1e-6)), with the norm over all tensors. */
const clipFactor = (g: Vectors, bound = Number.POSITIVE_INFINITY) =>
  Math.min(1, bound / (Math.hypot(...names.map((name) => norm(g[name]!))) + 1e-6));

const settings: readonly Setting[] = [
  { optimizer: 'sgd' },
  { optimizer: 'sgd', weightDecay: 0.05 },
  { optimizer: 'sgd', weightDecay: 0.05, decayOn: 'weights' },
  { optimizer: 'momentum', weightDecay: 0.05 },
  { optimizer: 'momentum', momentum: 0.7, weightDecay: 0.05, decayOn: 'weights' },
  { optimizer: 'nesterov', weightDecay: 0.05 },
  { optimizer: 'nesterov', weightDecay: 0.05, decayOn: 'weights' },
  { optimizer: 'adam', weightDecay: 0.05 },
  { optimizer: 'adam', weightDecay: 0.05, decayOn: 'weights', beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
  { optimizer: 'adamw', weightDecay: 0.05 },
  { optimizer: 'adamw', weightDecay: 0.05, decayOn: 'weights' },
  { optimizer: 'lars' },
  { optimizer: 'lars', weightDecay: 0.05, trust: 0.1 },
  { optimizer: 'lars', weightDecay: 0.05, trust: 0.1, momentum: 0.5, adaptOn: 'all' },
  { optimizer: 'lars', adaptOn: 'all' },
  { optimizer: 'lamb' },
  { optimizer: 'lamb', adaptOn: 'all' },
  { optimizer: 'lamb', weightDecay: 0.05 },
  { optimizer: 'lamb', weightDecay: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, adaptOn: 'all' },
  { optimizer: 'sgd', clipNorm: 2.5 },
  { optimizer: 'momentum', weightDecay: 0.05, clipNorm: 2.5 },
  { optimizer: 'adamw', weightDecay: 0.05, clipNorm: 2.5 },
  { optimizer: 'momentum', micros: 3, clipNorm: 1.5 },
  { optimizer: 'lars', micros: 3, weightDecay: 0.05, trust: 0.1 },
];

describe('a step', () => {
  it.each(settings.map((s) => [JSON.stringify(s), s] as const))('of %s is that of the formulas', async (_, setting) => {
    const { trainer, rule } = await trainerOf(setting);
    const { micros = 1, clipNorm } = setting;
    const formula = formulaOf(setting);
    let expected = start;
    const states = Object.fromEntries(
      names.map((name) => [name, { v: new Float64Array(sizeOf(name)), s: new Float64Array(sizeOf(name)) }]),
    );
    const clips = new Set<boolean>();
    for (let step = 0; step < 12; step++) {
      const parts = Array.from({ length: micros }, (_, index) => gradientAt(step, index));
      const lr = rateAt(step);
      const { gradSquare } = await trainer.step({
        batch: (i) => ({ inputs: tensors(parts[i]!, '.fed'), targets: 1 }),
        scalars: rule.scalarsAt(step, lr),
        step,
      });
      const mean = Object.fromEntries(
        names.map((name) => [
          name,
          parts[0]![name]!.map((__, i) => parts.reduce((s, p) => s + p[name]![i]! / micros, 0)),
        ]),
      );
      const total = names.reduce((s, name) => s + norm(mean[name]!) ** 2, 0);
      expect(Math.abs(gradSquare / total - 1)).toBeLessThan(1e-5);
      const factor = clipFactor(mean, clipNorm);
      clips.add(factor < 1);
      expected = Object.fromEntries(
        names.map((name) => {
          const g = mean[name]!.map((x) => x * factor);
          return [name, formula(expected[name]!, g, states[name]!, { t: step + 1, lr, weight: isWeight(name) })];
        }),
      );
      for (const [name, { data }] of trainer.parameters()) {
        const difference = plus(Float64Array.from(data as Float32Array), -1, expected[name]!);
        expect(norm(difference), `${name} after step ${step + 1}`).toBeLessThanOrEqual(1e-5 * norm(expected[name]!));
      }
    }
    if (clipNorm !== undefined) expect(clips).toEqual(new Set([true, false]));
  });
});

describe('layer-wise rates', () => {
  /** Where a trainer gets to in four steps from parameters without zeros, with gradients times `scaleAt(step)`. */
  async function end({ trainer, rule }: Awaited<ReturnType<typeof trainerOf>>, scaleAt: (step: number) => number) {
    const filled = vectors((name) => gaussian(new RandomStream({ seed: 4, purpose: name }), sizeOf(name), 1));
    const zero = tensors(vectors((name) => new Float64Array(sizeOf(name))));
    const slots = rule.slots.flatMap((slot) => names.map((name) => [`${slot}/${name}`, zero[name]!] as const));
    trainer.restore(new Map([...Object.entries(tensors(filled)), ...slots]));
    for (let step = 0; step < 4; step++) {
      const g = gradientAt(step + 3);
      const scaled = vectors((name) => g[name]!.map((x) => x * scaleAt(step)));
      const inputs = tensors(scaled, '.fed');
      await trainer.step({ batch: () => ({ inputs, targets: 1 }), scalars: rule.scalarsAt(step, 0.5), step });
    }
    return Object.fromEntries(
      [...trainer.parameters()].map(([name, t]) => [name, Float64Array.from(t.data as Float32Array)]),
    );
  }
  const expectSame = (a: Vectors, b: Vectors, which: readonly string[]) => {
    for (const name of which) expect(norm(plus(a[name]!, -1, b[name]!)), name).toBeLessThan(1e-5 * norm(a[name]!));
  };
  const scale = fc.double({ min: 1e-4, max: 1e4, noNaN: true });

  it.each(['all', 'weights'] as const)('of LARS on %s do not depend on the length of gradients', async (adaptOn) => {
    const made = await trainerOf({ optimizer: 'lars', trust: 0.1, adaptOn });
    const plain = await end(made, () => 1);
    const scales = fc.array(scale, { minLength: 4, maxLength: 4 });
    const invariant = names.filter((name) => adaptOn === 'all' || isWeight(name));
    await fc.assert(
      fc.asyncProperty(scales, async (s) => expectSame(plain, await end(made, (step) => s[step]!), invariant)),
      { numRuns: 20 },
    );
  });

  it.each(['all', 'weights'] as const)('of LAMB on %s do not depend on the unit of the loss', async (adaptOn) => {
    const made = await trainerOf({ optimizer: 'lamb', epsilon: 1e-12, adaptOn });
    const plain = await end(made, () => 1);
    await fc.assert(
      fc.asyncProperty(scale, async (s) => expectSame(plain, await end(made, () => s), names)),
      { numRuns: 20 },
    );
  });
});

describe('optimizers', () => {
  it('are known by name', () => {
    expect(optimizerNames).toEqual(['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'lars', 'lamb']);
    expect(() => optimizerNamed('sgdd')).toThrow('unknown optimizer "sgdd"; expected sgd, momentum,');
    expect(() => optimizerOptions('toString')).toThrow('unknown optimizer "toString"');
  });

  it('refuse options that they do not understand', () => {
    expect(() => optimizerNamed('adam', { trust: 0.01 })).toThrow(
      'optimizer adam has no option "trust"; it has beta1, beta2, epsilon, weightDecay, decayOn',
    );
    expect(() => optimizerNamed('lars', { decayOn: 'weights' })).toThrow('lars has no option "decayOn"');
    for (const name of optimizerNames) expect(optimizerOptions(name)).toContain('weightDecay');
  });

  it('are not given a gradient clipped to nothing', async () => {
    await expect(trainerOf({ optimizer: 'sgd', clipNorm: 0 })).rejects.toThrow('to a positive number, not to 0');
  });
});
