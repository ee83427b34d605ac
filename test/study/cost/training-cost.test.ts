import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paretoFront } from '../../../src/study/cost/pareto.ts';
import { derived, measured, modelled } from '../../../src/study/cost/provenance.ts';
import { pointOf, stepTimeCurve } from '../../../src/study/cost/step-time.ts';
import {
  examplesRelative,
  hyperbolaThrough,
  type StepsCurve,
  stepsAt,
  stepsRelative,
} from '../../../src/study/cost/steps-curve.ts';
import {
  type CostModel,
  costFront,
  fastest,
  fastestBatchOnOneDevice,
  knee,
  trainingCost,
  trainingCosts,
} from '../../../src/study/cost/training-cost.ts';

const powers = Array.from({ length: 10 }, (_, i) => 16 * 2 ** i);
const line = (overhead: number, perExample: number) =>
  stepTimeCurve(powers.map((b) => pointOf({ batchSize: b, microBatch: b }, [overhead + b * perExample])));

describe('a marked number', () => {
  it('is measured only when all that it follows from is', () => {
    const product = (a: number, b: number) => a * b;
    expect(derived(product, measured(2), measured(3))).toEqual(measured(6));
    expect(derived(product, measured(2), modelled(3))).toEqual(modelled(6));
  });
});

describe('steps to a target', () => {
  it('follow the hyperbola (S/Smin - 1)(E/Emin - 1) = 1, which goes through the known training', () => {
    for (const b of powers) {
      expect((stepsRelative(500, b) - 1) * (examplesRelative(500, b) - 1)).toBeCloseTo(1, 12);
    }
    const curve = hyperbolaThrough({ batchSize: 128, steps: 1000 }, 500);
    expect(stepsAt(curve, 128)).toEqual(modelled(1000));
    const { minSteps } = curve as Extract<StepsCurve, { kind: 'hyperbola' }>;
    expect(stepsAt(curve, 1e12)!.value).toBeCloseTo(minSteps, 6);
    expect(stepsAt(curve, 500)!.value).toBeCloseTo(2 * minSteps, 9);
  });

  it('are measured at a point of a study, modelled between two, unknown beyond', () => {
    const curve: StepsCurve = {
      kind: 'points',
      points: [
        { batchSize: 64, steps: 100 },
        { batchSize: 16, steps: 400 },
      ],
    };
    expect(stepsAt(curve, 64)).toEqual(measured(100));
    expect(stepsAt(curve, 32)!.value).toBeCloseTo(200, 9);
    expect(stepsAt(curve, 32)!.provenance).toBe('modelled');
    expect(stepsAt(curve, 8)).toBeNull();
    expect(stepsAt(curve, 128)).toBeNull();
  });
});

describe('the Pareto front', () => {
  const price = fc.record({ time: fc.integer({ min: 0, max: 12 }), cost: fc.integer({ min: 0, max: 12 }) });

  it('is what comparing all with all leaves, without repetitions', () => {
    fc.assert(
      fc.property(fc.array(price, { maxLength: 40 }), (items) => {
        const beaten = (a: (typeof items)[number]) =>
          items.some((b) => b.time <= a.time && b.cost <= a.cost && (b.time < a.time || b.cost < a.cost));
        const expected = new Set(items.filter((a) => !beaten(a)).map((a) => `${a.time} ${a.cost}`));
        const front = paretoFront(items, (i) => i);
        expect(new Set(front.map((a) => `${a.time} ${a.cost}`))).toEqual(expected);
        expect(front.length).toBe(expected.size);
        for (const [i, a] of front.entries()) {
          if (i > 0) expect(a.time > front[i - 1]!.time && a.cost < front[i - 1]!.cost).toBe(true);
        }
      }),
    );
  });
});

describe('the cost of training', () => {
  const link = { bandwidth: 1e10, latency: 2e-5, source: 'given' } as const;
  const model: CostModel = {
    steps: hyperbolaThrough({ batchSize: 128, steps: 1000 }, 500),
    stepTime: line(0.004, 2e-4),
    cluster: { gradientBytes: 1e6, link },
    price: 3,
  };

  it('is steps times step time; devices times hours; hours times price', () => {
    const one = trainingCost(model, { batchSize: 128, devices: 1 })!;
    expect(one.seconds.value).toBeCloseTo(1000 * (0.004 + 128 * 2e-4), 9);
    expect(one.deviceHours.value).toBeCloseTo(one.seconds.value / 3600, 12);
    expect(one.money!.value).toBeCloseTo((3 * one.seconds.value) / 3600, 12);
    const four = trainingCost(model, { batchSize: 128, devices: 4 })!;
    expect(four.deviceHours.value).toBeCloseTo((4 * four.seconds.value) / 3600, 12);
    expect(
      trainingCost({ steps: model.steps, stepTime: model.stepTime, cluster: model.cluster }, one)!.money,
    ).toBeNull();
  });

  it('is measured only where steps and step time are, on one device', () => {
    const study: CostModel = {
      ...model,
      steps: { kind: 'points', points: powers.map((b) => ({ batchSize: b, steps: 1e5 / b })) },
    };
    const marks = trainingCosts(study, [16, 24, 32], [1, 2]).map((c) => [
      c.batchSize,
      c.devices,
      c.seconds.provenance,
      c.money!.provenance,
    ]);
    expect(marks).toEqual([
      [16, 1, 'measured', 'measured'],
      [16, 2, 'modelled', 'modelled'],
      [24, 1, 'modelled', 'modelled'],
      [24, 2, 'modelled', 'modelled'],
      [32, 1, 'measured', 'measured'],
      [32, 2, 'modelled', 'modelled'],
    ]);
  });

  it('on one device is least where the closed form says', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e5, noNaN: true }),
        fc.double({ min: 1e-4, max: 1, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e-2, noNaN: true }),
        (criticalBatch, overhead, perExample) => {
          const seconds = (b: number) => stepsRelative(criticalBatch, b) * (overhead + b * perExample);
          const best = fastestBatchOnOneDevice(criticalBatch, { overhead, perExample });
          for (const off of [0.5, 0.9, 1.1, 2]) expect(seconds(best)).toBeLessThan(seconds(best * off));
        },
      ),
    );
  });

  it('has its fastest, and its knee where no other product of time and cost is smaller', () => {
    const costs = trainingCosts(model, powers, [1, 2, 4, 8, 16]);
    const times = costs.map((c) => c.seconds.value);
    expect(fastest(costs)!.seconds.value).toBe(Math.min(...times));
    const at128 = costs.filter((c) => c.batchSize === 128).map((c) => c.seconds.value);
    expect(fastest(costs, 128)!.seconds.value).toBe(Math.min(...at128));
    const bend = knee(costs)!;
    const product = (c: (typeof costs)[number]) => c.seconds.value * c.deviceHours.value;
    expect(product(bend)).toBe(Math.min(...costs.map(product)));
    expect(costFront(costs)).toContain(bend);
    expect(knee([])).toBeUndefined();
  });

  it('of a larger batch on more devices is less time and more device-hours', () => {
    const front = costFront(trainingCosts(model, powers, [1, 2, 4, 8, 16]));
    expect(front.length).toBeGreaterThan(3);
    expect(front[0]!.devices).toBe(16);
    expect(front.at(-1)!.devices).toBe(1);
  });
});
