import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchPlan } from '../../../src/train/run/batch-plan.ts';
import { parseDuration } from '../../../src/train/run/duration.ts';
import { scaledRate, schedule, scheduleNames } from '../../../src/train/settings/schedule.ts';

describe('durations', () => {
  const plan = new BatchPlan({ batchSize: 128, examples: 50_000 });

  it.each([
    ['500st', 500],
    ['3ep', 1172],
    ['50000ex', 391],
    ['0.5ep', 196],
    ['1e3ST', 1000],
  ])('%s at batch 128 of 50,000 is %d steps', (text, steps) => {
    expect(plan.steps(text, 'warmup')).toBe(steps);
  });

  it('in tokens are for text', () => {
    expect(new BatchPlan({ batchSize: 20, examples: 1000, tokens: 35 }).steps('1e6tok', 'epochs')).toBe(1429);
    expect(() => plan.steps('1e6tok', 'epochs')).toThrow('needs a language model');
  });

  it.each(['3', 'ep', '-3ep', '3 weeks', '', '3epx'])('"%s" is refused with what was expected', (text) => {
    expect(() => parseDuration(text, 'warmup')).toThrow(
      `warmup: expected a duration such as 500st, 3ep, 50000ex or 1e6tok, got "${text}"`,
    );
  });
});

describe('a batch that grows', () => {
  const at = ['2ep', '3000ex'].map((text) => parseDuration(text, 'growAt'));
  const plan = new BatchPlan({ batchSize: 100, examples: 1000, growth: { factor: 2, at } });

  it('is 100, then 200 after two epochs, then 400 after three', () => {
    const sizes = Array.from({ length: 30 }, (_, step) => plan.batchSizeAt(step));
    expect(sizes).toEqual([...Array(20).fill(100), ...Array(5).fill(200), ...Array(5).fill(400)]);
  });

  it('counts the examples before each step, whatever the sizes', () => {
    let examples = 0;
    for (let step = 0; step < 40; step++) {
      expect(plan.examplesBefore(step)).toBe(examples);
      examples += plan.batchSizeAt(step);
    }
    expect(plan.steps('5ep', 'epochs')).toBe(30);
    expect(plan.steps('4.1ep', 'epochs')).toBe(28);
  });

  it('does what is due every epoch at the first step beyond it', () => {
    const due = plan.every('1ep', 'evalEvery');
    expect(Array.from({ length: 31 }, (_, i) => i).filter((step) => step > 0 && due(step))).toEqual([
      10, 20, 25, 28, 30,
    ]);
  });

  it('must grow, and at points in order', () => {
    const growth = (factor: number, ...points: string[]) =>
      new BatchPlan({
        batchSize: 100,
        examples: 1000,
        growth: { factor, at: points.map((text) => parseDuration(text, 'growAt')) },
      });
    expect(() => growth(1, '1ep')).toThrow('growBatch: expected a whole number of at least 2, got 1');
    expect(() => growth(2, '2ep', '1ep')).toThrow('growAt: expected durations in growing order');
  });
});

describe('schedules', () => {
  it('fall as their names say', () => {
    const at = (kind: string, more = {}) => schedule({ kind, rate: 0.4, steps: 100, ...more });
    expect([0, 50, 99].map(at('constant'))).toEqual([0.4, 0.4, 0.4]);
    const steps = [29, 30, 59, 60].map(at('step', { milestones: [30, 60], factor: 0.5 }));
    expect(steps).toEqual([0.4, 0.2, 0.2, 0.1]);
    expect(at('cosine')(0)).toBe(0.4);
    expect(at('cosine')(50)).toBeCloseTo(0.2, 12);
    expect(at('cosine')(75)).toBeCloseTo(0.2 * (1 - Math.SQRT1_2), 12);
    expect(at('polynomial', { power: 2 })(50)).toBeCloseTo(0.1, 12);
    expect(at('onecycle')(0)).toBeCloseTo(0.4 / 25, 12);
    expect(at('onecycle')(30)).toBeCloseTo(0.4, 12);
    expect(at('onecycle')(99)).toBeCloseTo(0.4 / 25e4, 12);
  });

  it('grow by the same amount at each step of the warm-up, then begin', () => {
    const warm = schedule({ kind: 'cosine', rate: 1, steps: 110, warmup: 10 });
    expect(Array.from({ length: 10 }, (_, i) => warm(i))).toEqual([...Array(10).keys()].map((i) => (i + 1) / 10));
    expect(warm(10)).toBe(1);
    expect(warm(60)).toBeCloseTo(0.5, 12);
  });

  it('keep their milestones where they are when there is a warm-up', () => {
    const rate = schedule({ kind: 'step', rate: 1, steps: 100, warmup: 5, milestones: [50] });
    expect([49, 50].map(rate)).toEqual([1, 0.1]);
  });

  it('are never negative nor above the rate', () => {
    const settings = fc.record({
      kind: fc.constantFrom(...scheduleNames.names()),
      rate: fc.double({ min: 0, max: 10, noNaN: true }),
      steps: fc.integer({ min: 1, max: 500 }),
      warmup: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(settings, fc.nat(500), (s, step) => {
        fc.pre(s.warmup <= s.steps && step < s.steps);
        const rate = schedule(s)(step);
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(s.rate * (1 + 1e-12));
      }),
    );
  });

  it('refuse a rate that is none, and a warm-up longer than the run', () => {
    expect(() => schedule({ kind: 'constant', rate: Number.NaN, steps: 1 })).toThrow('lr: must be a number');
    expect(() => schedule({ kind: 'constant', rate: 1, steps: 10, warmup: 11 })).toThrow(
      '11 steps are more than the 10',
    );
  });
});

it('scaling rules keep the rate, multiply it by the growth of the batch, or by its root', () => {
  expect((['base', 'linear', 'sqrt'] as const).map((rule) => scaledRate(0.1, rule, 2048, 128))).toEqual([
    0.1, 1.6, 0.4,
  ]);
});
