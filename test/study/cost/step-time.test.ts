import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureStepTimes, type Stepper } from '../../../src/study/cost/measure-step-times.ts';
import { fitStepTime, pointOf, secondsPerStep, stepTimeCurve, stepTimesOf } from '../../../src/study/cost/step-time.ts';
import type { MeasuredTrial } from '../../../src/study/measured/measured.ts';

const sizes = [8, 16, 32, 64, 128, 256];

describe('the fit of step times', () => {
  it('finds the line that the times lie on, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 1e-5, max: 1e-1, noNaN: true }),
        (overhead, perExample) => {
          const fit = fitStepTime(sizes.map((b) => ({ batchSize: b, seconds: overhead + b * perExample })));
          expect(fit.overhead).toBeCloseTo(overhead, 8);
          expect(fit.perExample).toBeCloseTo(perExample, 8);
          expect(fit.worst).toBeLessThan(1e-6);
        },
      ),
    );
  });

  it('is the least relative error: any line near it is worse', () => {
    const points = sizes.map((b, i) => ({ batchSize: b, seconds: (0.01 + b * 1e-3) * (1 + 0.1 * (-1) ** i) }));
    const fit = fitStepTime(points);
    const error = (t0: number, t1: number) =>
      Math.sqrt(points.reduce((s, p) => s + ((t0 + p.batchSize * t1) / p.seconds - 1) ** 2, 0) / points.length);
    expect(fit.residual).toBeCloseTo(error(fit.overhead, fit.perExample), 12);
    expect(fit.residual).toBeGreaterThan(0.05);
    for (const [a, b] of [
      [1.02, 1],
      [0.98, 1],
      [1, 1.02],
      [1, 0.98],
    ] as const) {
      expect(error(fit.overhead * a, fit.perExample * b)).toBeGreaterThan(fit.residual);
    }
  });

  it('knows no negative time', () => {
    const fit = fitStepTime([
      { batchSize: 10, seconds: 1 },
      { batchSize: 20, seconds: 3 },
    ]);
    expect(fit.overhead).toBe(0);
    expect(fit.perExample).toBeGreaterThan(0);
    const falling = fitStepTime([
      { batchSize: 10, seconds: 3 },
      { batchSize: 20, seconds: 1 },
    ]);
    expect(falling.perExample).toBe(0);
  });

  it('needs two batch sizes', () => {
    expect(() => fitStepTime([{ batchSize: 8, seconds: 1 }])).toThrow(/expected two or more/);
  });

  it('says of every time whether it was measured', () => {
    const curve = stepTimeCurve(
      [
        [16, 0.3],
        [8, 0.1],
        [32, 0.4],
      ].map(([b, t]) => pointOf({ batchSize: b!, microBatch: b! }, [t!])),
    );
    expect(secondsPerStep(curve, 16)).toEqual({ value: 0.3, provenance: 'measured' });
    const between = secondsPerStep(curve, 24);
    expect(between.provenance).toBe('modelled');
    expect(between.value).toBeCloseTo(curve.fit.overhead + 24 * curve.fit.perExample, 12);
  });

  it('takes from a study the trials of one machine only', () => {
    const trial = (batchSize: number, secondsPerStepOf: number | null, hardware: string) =>
      ({ batchSize, secondsPerStep: secondsPerStepOf, hardware }) as MeasuredTrial;
    const trials = [trial(64, 3, 'a'), trial(64, 1, 'a'), trial(64, 2, 'a'), trial(64, 9, 'b'), trial(8, null, 'a')];
    expect(stepTimesOf(trials, 'a')).toEqual([
      { batchSize: 64, microBatch: null, seconds: 2, low: 1, high: 3, repeats: 3 },
    ]);
  });
});

/** A device whose steps take what the rule says, on a clock that only it moves. */
function device(secondsOf: (batch: number, nth: number) => number) {
  let clock = 0;
  const opened: number[] = [];
  let open = 0;
  return {
    opened,
    stillOpen: () => open,
    now: () => clock * 1000,
    open: async (batchSize: number): Promise<Stepper> => {
      opened.push(batchSize);
      open++;
      let nth = 0;
      return {
        microBatch: Math.min(batchSize, 32),
        step: async () => {
          clock += secondsOf(batchSize, nth++);
        },
        dispose: async () => {
          open--;
        },
      };
    },
  };
}

describe('measuring step times', () => {
  it('leaves the first step out, and reports median and spread of the rest', async () => {
    const d = device((_, nth) => [50, 1, 4, 2][nth]!);
    const [point] = await measureStepTimes({ ...d, batchSizes: [64], repeats: 3, budget: 1000 });
    expect(point).toEqual({ batchSize: 64, microBatch: 32, seconds: 2, low: 1, high: 4, repeats: 3 });
    expect(d.stillOpen()).toBe(0);
  });

  it('stops before a batch that the budget has no room for, but not before the second', async () => {
    const d = device((batch) => batch * 0.01);
    const points = await measureStepTimes({ ...d, batchSizes: sizes, repeats: 5, budget: 6 });
    // 7 x 0.08 + 6 x 0.16 + 6 x 0.32 = 3.4 s; 64: 3 x 0.64 fit into the rest, 128 does not.
    expect(points.map((p) => p.batchSize)).toEqual([8, 16, 32, 64]);
    const poor = device((batch) => batch * 0.01);
    expect(await measureStepTimes({ ...poor, batchSizes: sizes, budget: 0.01 })).toHaveLength(2);
  });

  it('repeats short steps until their time says something', async () => {
    const d = device(() => 0.01);
    const [point] = await measureStepTimes({ ...d, batchSizes: [8], repeats: 3, budget: 1000 });
    expect(point!.repeats).toBeGreaterThanOrEqual(49);
    expect(point!.repeats).toBeLessThanOrEqual(51);
  });

  it('does not measure again what is known, and counts its time', async () => {
    const first = device((batch) => batch * 0.01);
    const known = await measureStepTimes({ ...first, batchSizes: [8, 16, 32], repeats: 5, budget: 6 });
    const second = device((batch) => batch * 0.01);
    const points = await measureStepTimes({ ...second, batchSizes: sizes, repeats: 5, budget: 6, known });
    expect(second.opened).toEqual([64]);
    expect(points.map((p) => p.batchSize)).toEqual([8, 16, 32, 64]);
  });

  it('keeps what it has when it is interrupted', async () => {
    const stop = new AbortController();
    const d = device((batch) => batch * 0.01);
    const points = await measureStepTimes({
      ...d,
      batchSizes: sizes,
      budget: 1000,
      signal: stop.signal,
      onPoint: ({ batchSize }) => {
        if (batchSize === 16) stop.abort();
      },
    });
    expect(points.map((p) => p.batchSize)).toEqual([8, 16]);
    expect(d.stillOpen()).toBe(0);
  });
});
