import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import {
  analyseTarget,
  type KnownTarget,
  outcomeOf,
  reportOf,
  resolveTargets,
} from '../../../src/study/analysis/index.ts';
import {
  absolute,
  type SyntheticTrial,
  syntheticStudy,
  syntheticTrial,
  syntheticWorkload,
} from '../synthetic-studies.ts';

const below = (value: number): KnownTarget => ({
  name: 'loss',
  quantity: 'trainLoss',
  direction: 'min',
  rule: '',
  value,
  reason: null,
});
const sizes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** A loss that falls by the same factor each step and is at the target 0.01 after `steps`, whole or not. */
const decays =
  (steps: number) =>
  (step: number): number =>
    0.01 ** (step / steps);

/** Trials with S = Smin + Emin / B, each seed off by its own factor. */
function hyperbolic(minSteps: number, critical: number, noise: (batch: number, seed: number) => number, seeds = 1) {
  return sizes.flatMap((batchSize) =>
    Array.from({ length: seeds }, (_, seed): SyntheticTrial => {
      const steps = minSteps * (1 + critical / batchSize) * noise(batchSize, seed);
      const last = Math.ceil(1.2 * steps);
      return {
        batchSize,
        rate: 0.1,
        seed,
        budget: last,
        loss: decays(steps),
        steps: [Math.floor(steps) - 1, Math.floor(steps), Math.floor(steps) + 1, last].filter((s) => s >= 0),
      };
    }),
  );
}

const only = (study: ReturnType<typeof syntheticStudy>) => reportOf(study).workloads[0]!.strategies[0]!;

describe('interpolating least squares (Ma, Bassily and Belkin, arXiv 1712.06559)', () => {
  // With eigenvalues from l1 to ln and |x|^2 <= beta the best rate is m / (beta + (m - 1) l1), and the squared distance shrinks by
  // 1 - rate ln a step: for l1 >> ln the steps are the hyperbola with B_crit = (beta - l1) / l1, their critical batch m*, less one.
  it('has its closed-form critical batch recovered, the rate chosen among worse ones', () => {
    const [l1, ln, beta] = [1, 1e-3, 200];
    const trials = sizes.flatMap((batchSize) =>
      [1, 0.7, 0.4].map((share): SyntheticTrial => {
        const rate = (share * batchSize) / (beta + (batchSize - 1) * l1);
        const perStep = Math.log(1 - rate * ln);
        const loss = (step: number) => Math.exp(perStep * step);
        const steps = Math.ceil(Math.log(0.01) / perStep);
        return { batchSize, rate, budget: steps + 10, loss, steps: [0, steps - 1, steps, steps + 10] };
      }),
    );
    const { criticalBatch, points } = only(syntheticStudy([absolute(0.01)], trials));
    expect(Math.abs(criticalBatch.value! / ((beta - l1) / l1) - 1)).toBeLessThan(0.01);
    expect(points.every((p) => p.edge === 'highest' && p.rates === 3)).toBe(true);
  });
});

describe('the critical batch', () => {
  it('has an interval over seeds that is honest: 95 % of studies hold the truth, within the error of 60', () => {
    const stream = new RandomStream({ seed: 5, purpose: 'seeds of studies' });
    let held = 0;
    for (let study = 0; study < 60; study++) {
      const trials = hyperbolic(400, 300, () => Math.exp(0.08 * stream.normal()), 7);
      const { criticalBatch } = only(syntheticStudy([absolute(0.01)], trials));
      if (criticalBatch.low! <= 300 && 300 <= (criticalBatch.high ?? Infinity)) held++;
    }
    expect(held).toBeGreaterThanOrEqual(51);
  });

  it('says which method its interval comes from, and is narrow for exact points', () => {
    const seeds = only(
      syntheticStudy(
        [absolute(0.01)],
        hyperbolic(400, 300, () => 1, 3),
      ),
    ).criticalBatch;
    expect(seeds.method).toContain('profile likelihood, F with 1 and 7 degrees of freedom');
    // One rate: nobody knows whether it is the best one.
    expect(seeds).toMatchObject({ standing: 'estimate', condition: '1 rate tried at batch 16' });
    expect(seeds.value).toBeCloseTo(300, 1);
    expect(seeds.high! - seeds.low!).toBeLessThan(0.5);
    const single = only(
      syntheticStudy(
        [absolute(0.01)],
        hyperbolic(400, 300, () => 1),
      ),
    ).criticalBatch;
    expect(single.condition).toBe('1 rate tried at batch 16, fewer than 3 seeds at 9 of 9');
  });

  it('refuses where the curve does not show it, with the bound that remains', () => {
    const at = (critical: number) =>
      only(
        syntheticStudy(
          [absolute(0.01)],
          hyperbolic(10, critical, () => 1),
        ),
      ).criticalBatch;
    expect(at(1e7)).toMatchObject({ value: null, low: 4096, high: null });
    expect(at(0.01)).toMatchObject({ value: null, low: null, high: 16 });
    const two = hyperbolic(10, 300, () => 1).filter((t) => t.batchSize < 64);
    expect(only(syntheticStudy([absolute(0.01)], two)).criticalBatch.reason).toContain(
      'at 2 batch sizes; the fit needs three',
    );
  });

  it('leaves a batch out whose first evaluation was past the target, whether the start was evaluated or not', () => {
    const exact = hyperbolic(400, 300, () => 1, 3);
    for (const start of [[], [0]]) {
      // At 16 nothing is seen before twice the steps that the target takes: as if it took three or four times as many as it does.
      const trials = exact.map((t) => (t.batchSize === 16 ? { ...t, steps: [...start, 4 * t.budget] } : t));
      const { criticalBatch, baseBatch } = only(syntheticStudy([absolute(0.01)], trials));
      expect(criticalBatch.value).toBeCloseTo(300, 1);
      expect(criticalBatch.points.map((p) => p.batchSize)).not.toContain(16);
      expect(criticalBatch).toMatchObject({ standing: 'estimate' });
      expect(criticalBatch.condition).toContain('left out is batch 16, where the first evaluation was past the target');
      expect(baseBatch).toBe(16);
    }
    // With several rates the base is the next one that has none of it.
    const rates = exact.flatMap((t) =>
      [0.05, 0.1, 0.2].map((rate) => ({ ...t, rate, loss: rate === 0.1 ? t.loss : () => 1 })),
    );
    const coarse = rates.map((t) => (t.batchSize === 16 ? { ...t, steps: [4 * t.budget] } : t));
    expect(only(syntheticStudy([absolute(0.01)], rates)).baseBatch).toBe(16);
    expect(only(syntheticStudy([absolute(0.01)], coarse)).baseBatch).toBe(32);
  });

  it('uses a censored batch as a bound: without it the study could not see the bend', () => {
    const trials = hyperbolic(400, 300, () => 1).map((t) =>
      t.batchSize <= 512 ? t : { ...t, budget: 395, steps: [0, 395] },
    );
    const { criticalBatch, points } = only(syntheticStudy([absolute(0.01)], trials));
    expect(points.at(-1)).toMatchObject({ reached: 0, censored: 1, stepsAtLeast: 395, regime: 'not reached' });
    expect(criticalBatch.value).toBeCloseTo(300, 1);
  });
});

describe('outcomes', () => {
  const trial = (t: Partial<SyntheticTrial>) =>
    syntheticTrial({ batchSize: 16, rate: 0.1, budget: 10, loss: decays(7.5), ...t });

  it('reaches between two evaluations, in steps, examples and seconds alike', () => {
    const outcome = outcomeOf(trial({ loss: (s) => 1 - 0.1 * s, steps: [0, 4, 8] }), below(0.45));
    expect(outcome).toMatchObject({
      kind: 'reached',
      first: { step: 5.5, examples: 88, seconds: 5.5, resolution: 'interpolated' },
    });
    // Nothing but the start before it: it may have been any step until then.
    const coarse = outcomeOf(trial({ loss: (s) => 1 - 0.1 * s, steps: [0, 8] }), below(0.45));
    expect(coarse).toMatchObject({ kind: 'reached', first: { step: 5.5, resolution: 'first' } });
    // What holds at the start is not reached by training.
    const easy = outcomeOf(trial({ loss: (s) => 1 - 0.1 * s, steps: [0, 4, 8] }), below(2));
    expect(easy).toMatchObject({ kind: 'reached', first: { step: 4, resolution: 'first' } });
  });

  it('tells censored, infeasible, failed and pending from each other', () => {
    const short = (status: SyntheticTrial['status']) =>
      outcomeOf(trial({ budget: 5, ...(status ? { status } : {}) }), below(0.01));
    expect(short('complete')).toMatchObject({ kind: 'censored', steps: 5 });
    expect(short('stopped').kind).toBe('censored');
    expect(short('infeasible').kind).toBe('infeasible');
    expect(short('failed').kind).toBe('failed');
    expect(short('running').kind).toBe('pending');
    // What reached the target before its process died, or while it still runs, has reached it; what diverged later has not.
    expect(outcomeOf(trial({ status: 'running' }), below(0.01)).kind).toBe('reached');
    expect(outcomeOf(trial({ status: 'infeasible' }), below(0.01)).kind).toBe('infeasible');
  });

  it('touches at a lucky evaluation, and crosses smoothed only where the curve stays', () => {
    const dip = (step: number) => (step === 3 ? 0 : decays(7.5)(step));
    const outcome = outcomeOf(trial({ loss: dip }), below(0.01));
    if (outcome.kind !== 'reached') throw new Error('not reached');
    expect(outcome.first.step).toBeLessThan(3);
    expect(outcome.smoothed!.step).toBeGreaterThan(7);
  });

  it('smooths a falling curve without lag', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 }),
        (drops) => {
          const total = drops.reduce((a, b) => a + b, 0);
          const values = [1];
          for (const d of drops) values.push(values.at(-1)! - d / total);
          const falling = trial({ budget: drops.length, loss: (s) => values[s]! });
          const outcome = outcomeOf(falling, below(0.5));
          if (outcome.kind !== 'reached') throw new Error('not reached');
          expect(outcome.smoothed).toEqual(outcome.first);
        },
      ),
    );
  });
});

describe('the best rate', () => {
  const trials = (steps: Readonly<Record<number, readonly number[]>>): SyntheticTrial[] =>
    Object.entries(steps).flatMap(([rate, seeds]) =>
      seeds.map((s, seed) => ({ batchSize: 16, rate: Number(rate), seed, budget: 100, loss: decays(s) })),
    );
  const point = (steps: Readonly<Record<number, readonly number[]>>) =>
    analyseTarget(trials(steps).map(syntheticTrial), below(0.01)).points[0]!;

  it('is that with the least median, not the luckiest seed', () => {
    expect(point({ 0.1: [10, 80, 90], 0.2: [40, 50, 60], 0.4: [300, 300, 300] })).toMatchObject({
      learningRate: 0.2,
      edge: null,
      trials: 3,
      rates: 3,
    });
  });

  it('counts a seed that never got there as last: the median may be gone, the least is not', () => {
    const spread = point({ 0.1: [40, 300, 300] }).stepsToTarget;
    expect(spread.median).toBeNull();
    expect(spread.low).toBeCloseTo(40, 9);
    expect(point({ 0.1: [40, 50, 300] }).stepsToTarget).toMatchObject({ high: null });
  });

  it('warns at the edge of its grid', () => {
    expect(point({ 0.1: [60], 0.2: [50] }).edge).toBe('highest');
    expect(point({ 0.1: [50], 0.2: [60] }).edge).toBe('lowest');
    expect(point({ 0.1: [50] }).edge).toBeNull();
  });
});

describe('the quartile rule', () => {
  it('is the quartile of the best trial of the largest batch, which reaches it', () => {
    const spec = { name: 'q', quantity: 'trainLoss', rule: { kind: 'quartile', q: 0.25 } } as const;
    const trials = [
      { batchSize: 64, rate: 0.1, budget: 8, loss: (s: number) => 1 - s / 8 },
      { batchSize: 512, rate: 0.1, budget: 8, loss: (s: number) => 9 - s },
      { batchSize: 512, rate: 0.2, budget: 8, loss: (s: number) => 5 - s / 2 },
      { batchSize: 512, rate: 0.4, budget: 8, loss: (s: number) => 9 - 4 * s, status: 'infeasible' as const },
      { batchSize: 1024, rate: 0.1, budget: 8, loss: () => 1, status: 'infeasible' as const },
    ].map(syntheticTrial);
    // Both finite ones of batch 512 end at 1; the first in order is kept: 1 .. 8 without the start, of which a quarter lies below 2.75.
    const [target] = resolveTargets(syntheticWorkload([spec]), trials);
    expect(target!.value).toBeCloseTo(2.75, 12);
    expect(target!.rule).toContain('largest batch, 512');
  });

  it('has no value, and says why, before any trial has ended', () => {
    const spec = { name: 'q', quantity: 'valLoss', rule: { kind: 'quartile', q: 0.25 } } as const;
    const [target] = resolveTargets(syntheticWorkload([spec]), [
      syntheticTrial({ batchSize: 1, rate: 1, budget: 3, loss: () => 1 }),
    ]);
    expect(target).toMatchObject({ value: null, reason: 'no ended trial has a held-out loss' });
  });
});

describe('a study', () => {
  it('does not depend on the order of trials or on the unit of time', () => {
    const trials = hyperbolic(50, 300, (b, s) => 1 + 0.01 * ((b * 7 + s * 3) % 5), 2);
    const plain = reportOf(syntheticStudy([absolute(0.01)], trials));
    const turned = reportOf(
      syntheticStudy(
        [absolute(0.01)],
        [...trials].reverse().map((t) => ({ ...t, secondsPerStep: 60 })),
      ),
    );
    const [a, b] = [plain, turned].map((r) => r.workloads[0]!.strategies[0]!);
    expect(b!.points.map((p) => p.stepsToTarget)).toEqual(a!.points.map((p) => p.stepsToTarget));
    expect(b!.breakpoints).toEqual(a!.breakpoints);
    expect(b!.criticalBatch.value).toBeCloseTo(a!.criticalBatch.value!, 6);
    b!.points.forEach((p, i) => {
      expect(p.secondsToTarget.median).toBeCloseTo(60 * a!.points[i]!.secondsToTarget.median!, 6);
    });
  });

  it('shows what a base rate that is kept costs, as a strategy of its own', () => {
    // At each batch the best rate is the batch / 160; a quarter or four times of it takes twice the steps.
    const trials = [16, 64, 256].flatMap((batchSize) =>
      [0.025, 0.1, 0.4, 1.6, 6.4].map((rate): SyntheticTrial => {
        const off = Math.abs(Math.log(rate / (batchSize / 160)) / Math.log(4));
        const steps = (1600 / batchSize) * 10 * 2 ** off;
        return {
          batchSize,
          rate,
          budget: 5000,
          loss: decays(steps),
          steps: [0, Math.floor(steps) - 1, Math.floor(steps), Math.ceil(steps + 1)],
        };
      }),
    );
    const report = reportOf(syntheticStudy([absolute(0.01)], trials));
    const [tuned, kept] = report.workloads[0]!.strategies;
    expect(tuned!.points.map((p) => p.learningRate)).toEqual([0.1, 0.4, 1.6]);
    expect(kept).toMatchObject({ name: 'tuned, rate kept', rates: 'kept' });
    expect(kept!.points.map((p) => p.learningRate)).toEqual([0.1, 0.1, 0.1]);
    expect(kept!.breakpoints.halfEfficiency).toBeCloseTo(64, 0);
    expect(tuned!.breakpoints.halfEfficiency).toBeNull();
    // With tuned rates steps fall as 1 / batch throughout: there is no B_crit to compare.
    expect(report.statements.find((s) => s.id === 'tuning')).toMatchObject({ verdict: 'not testable here' });
  });

  it('without trials, or with strays, is refused in a line', () => {
    expect(() => reportOf({ name: 'none', workloads: [], trials: [] })).toThrow('study none: has no trials yet');
    const stray = syntheticTrial({ batchSize: 1, rate: 1, budget: 3, loss: () => 1 });
    expect(() => reportOf({ name: 's', workloads: [], trials: [stray] })).toThrow(
      'workload quadratic, which is not declared',
    );
  });
});
