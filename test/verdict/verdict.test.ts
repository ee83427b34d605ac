import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import {
  type Attempt,
  anyOf,
  corrected,
  detectableEffect,
  differenceEffect,
  effectSize,
  holm,
  intervalOf,
  judgeDirection,
  judgeEquivalence,
  judgeReach,
  meanEffect,
  overall,
  powerOfDifference,
  powerOfEquivalence,
  pValue,
  shareInterval,
  studentEffect,
  type Verdict,
} from '../../src/verdict/index.ts';

const effect = (estimate: number, standardError: number, degrees = 8) =>
  studentEffect({ estimate, standardError, degrees, scale: 'difference', count: degrees + 1 });
const ratio = (value: number, standardError: number, degrees = 8) =>
  studentEffect({ estimate: Math.log(value), standardError, degrees, scale: 'ratio', count: degrees + 1 });

describe('an effect', () => {
  it('has SciPy’s Welch interval and p value', () => {
    const found = differenceEffect([5.1, 5.4, 4.9, 5.6], [5.9, 6.4, 5.8])!;
    const [low, high] = intervalOf(found);
    expect(low).toBeCloseTo(0.1325013053608286, 9);
    expect(high).toBeCloseTo(1.4341653613058396, 9);
    expect(found.degrees).toBeCloseTo(4.360101850945056, 9);
    expect(pValue(found)).toBeCloseTo(0.028087262991225482, 10);
  });

  it('has an end at x exactly where the p value of x is that of the interval', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (at, se) => {
          const e = effect(at, se, 3);
          const [low, high] = intervalOf(e);
          expect(pValue(e, low)).toBeCloseTo(0.05, 6);
          expect(pValue(e, high)).toBeCloseTo(0.05, 6);
        },
      ),
    );
  });

  it('is none for fewer than two values, and a point where nothing varies', () => {
    expect(meanEffect([1])).toBeNull();
    expect(differenceEffect([1], [1, 2])).toBeNull();
    expect(effectSize(meanEffect([2, 2, 2])!)).toMatchObject({ estimate: 2, low: 2, high: 2, count: 3 });
  });

  it('has the exact interval of a share (Clopper and Pearson, against SciPy)', () => {
    expect(shareInterval(3, 3).low).toBeCloseTo(0.2924017738212867, 10);
    expect(shareInterval(4, 11).low).toBeCloseTo(0.10926344381893738, 10);
    expect(shareInterval(4, 11).high).toBeCloseTo(0.6920952849881803, 10);
  });
});

describe('power, against SciPy', () => {
  const precision = { standardError: 0.4, degrees: 6 };
  it('is the non-central t distribution’s', () => {
    expect(powerOfDifference(1.2, precision)).toBeCloseTo(0.7067120439381497, 5);
    expect(powerOfDifference(detectableEffect(precision)!, precision)).toBeCloseTo(0.8, 5);
    expect(powerOfDifference(0, precision)).toBeCloseTo(0.05, 5);
  });

  it('of two one-sided tests is that of a simulation', () => {
    expect(powerOfEquivalence(1.2, precision)).toBeCloseTo(0.68563525, 3);
  });
});

describe('a direction', () => {
  const rule = { claim: 'b is later than a', expected: 'above', least: 1.2 } as const;
  it('agrees, disagrees (the other way, or too little), cannot tell, or is not testable', () => {
    expect(judgeDirection(ratio(2, 0.1), rule).outcome).toBe('agrees');
    expect(judgeDirection(ratio(0.5, 0.1), rule)).toMatchObject({
      outcome: 'disagrees',
      reason: 'the interval lies on the other side of 1',
    });
    expect(judgeDirection(ratio(1.05, 0.01), rule)).toMatchObject({
      outcome: 'disagrees',
      reason: 'the effect is smaller than the 1.2 that the claim means',
    });
    expect(judgeDirection(ratio(1.5, 0.5), rule).outcome).toBe('cannot tell');
    expect(judgeDirection(null, rule, 'the base point is not tuned')).toMatchObject({
      outcome: 'not testable here',
      reason: 'the base point is not tuned',
    });
  });

  it('is the mirror image for the other direction', () => {
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (at) => {
        const up = judgeDirection(effect(at, 0.4), { claim: '', expected: 'above', least: 0.5 });
        const down = judgeDirection(effect(-at, 0.4), { claim: '', expected: 'below', least: 0.5 });
        expect(down.outcome).toBe(up.outcome);
        expect(down.support).toBeCloseTo(up.support!, 10);
      }),
    );
  });

  it('says what it could have found', () => {
    const { power } = judgeDirection(effect(0.1, 0.4, 6), { claim: '', expected: 'above', least: 1.2 });
    expect(power!.atClaim).toBeCloseTo(0.7067, 3);
    expect(power!.detectable).toBeGreaterThan(1.2);
  });

  it('is wrong in at most 5 % of studies without an effect', () => {
    const stream = new RandomStream({ seed: 1, purpose: 'null' });
    let wrong = 0;
    for (let i = 0; i < 400; i++) {
      const [a, b] = [0, 0].map(() => Array.from({ length: 4 }, () => stream.normal())) as [number[], number[]];
      const { outcome } = judgeDirection(differenceEffect(a, b), { claim: '', expected: 'above' });
      if (outcome !== 'cannot tell') wrong++;
    }
    expect(wrong / 400).toBeLessThan(0.085);
  });
});

describe('an equivalence', () => {
  const rule = { claim: 'the same', margin: 1.25 };
  it('agrees, disagrees, cannot tell, or is not testable', () => {
    expect(judgeEquivalence(ratio(1.02, 0.05), rule).outcome).toBe('agrees');
    expect(judgeEquivalence(ratio(2, 0.1), rule).outcome).toBe('disagrees');
    expect(judgeEquivalence(ratio(0.5, 0.1), rule).outcome).toBe('disagrees');
    expect(judgeEquivalence(null, rule).outcome).toBe('not testable here');
    // Intervals that overlap are no equality.
    expect(judgeEquivalence(ratio(1.1, 0.3), rule).outcome).toBe('cannot tell');
    // A difference that is certain but may be a small one.
    expect(judgeEquivalence(ratio(1.3, 0.08), rule)).toMatchObject({
      outcome: 'cannot tell',
      reason: expect.stringContaining('the two differ'),
    });
  });

  it('has SciPy’s p value of two one-sided tests', () => {
    const found = judgeEquivalence(meanEffect([0.02, -0.05, 0.04, 0.01, -0.03], 'ratio'), rule);
    expect(found.support).toBeCloseTo(9.075598971554015e-5, 12);
  });

  it('is claimed in at most 5 % of studies whose effect is at the margin', () => {
    const stream = new RandomStream({ seed: 2, purpose: 'margin' });
    let claimed = 0;
    for (let i = 0; i < 2000; i++) {
      const values = Array.from({ length: 6 }, () => Math.log(1.25) + 0.1 * stream.normal());
      if (judgeEquivalence(meanEffect(values, 'ratio'), rule).outcome === 'agrees') claimed++;
    }
    expect(claimed / 2000).toBeLessThan(0.065);
  });
});

describe('reaching a target', () => {
  const rule = { claim: 'batch 4096 misses the target', expected: 'misses', leastSteps: 100 } as const;
  const missed = (steps: number): Attempt => ({ kind: 'missed', steps });
  const three = (attempt: Attempt) => [attempt, attempt, attempt];

  it('agrees, disagrees, cannot tell, or is not testable', () => {
    expect(judgeReach(three(missed(300)), rule).outcome).toBe('agrees');
    expect(judgeReach(three({ kind: 'diverged' }), rule).outcome).toBe('agrees');
    expect(judgeReach(three({ kind: 'reached' }), rule).outcome).toBe('disagrees');
    expect(judgeReach([missed(300), { kind: 'reached' }, missed(300)], rule).outcome).toBe('cannot tell');
    expect(judgeReach([missed(300), missed(300)], rule)).toMatchObject({
      outcome: 'cannot tell',
      reason: '2 trainings; expected at least 3',
    });
    expect(judgeReach([], rule).outcome).toBe('not testable here');
  });

  it('does not count what the budget ended, and says so', () => {
    expect(judgeReach(three(missed(299)), rule)).toMatchObject({
      outcome: 'not testable here',
      reason: 'the budget ended every training before 3 times the 100 steps that the target takes at least',
    });
    expect(judgeReach([...three(missed(300)), missed(24)], rule).outcome).toBe('cannot tell');
    expect(judgeReach(three(missed(1e6)), { ...rule, leastSteps: null }).outcome).toBe('not testable here');
  });
});

describe('several comparisons', () => {
  it('have Holm’s p values', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([])).toEqual([]);
  });

  it('lose verdicts that one in so many gives by chance, and keep strong ones', () => {
    const one = judgeDirection(effect(1, 0.4), { claim: '', expected: 'above' });
    expect(one.outcome).toBe('agrees');
    const noise = judgeDirection(effect(0.1, 0.4), { claim: '', expected: 'above' });
    const strong = judgeDirection(effect(4, 0.4), { claim: '', expected: 'above' });
    const [weak, , kept] = corrected([one, noise, strong, noise, noise]);
    expect(weak).toMatchObject({ outcome: 'cannot tell', reason: expect.stringContaining('5 comparisons') });
    expect(kept!.outcome).toBe('agrees');
  });

  it('are the same taken at once or in families that become one', () => {
    const of = (estimate: number) => judgeDirection(effect(estimate, 0.4), { claim: '', expected: 'above' });
    const family = [1.2, 0.1, 1.3, -1.1, 4].map(of);
    const [few, rest] = [corrected(family.slice(0, 2)), corrected(family.slice(2))];
    expect(few[0]!.outcome).toBe('agrees');
    expect(corrected([...few, ...rest])).toEqual(corrected(family));
    expect(corrected(family)[0]).toMatchObject({
      outcome: 'cannot tell',
      uncorrected: { outcome: 'agrees', support: family[0]!.support },
    });
    // Fewer than before, too.
    expect(corrected(corrected(family).slice(0, 1))[0]).toMatchObject({ outcome: 'agrees', reason: family[0]!.reason });
  });

  it('are right where one of them is: corrected for picking it, and wrong only where all of them are', () => {
    const of = (...estimates: number[]) => {
      const verdicts = estimates.map((e) => judgeDirection(effect(e, 0.4), { claim: '', expected: 'above' }));
      return anyOf(verdicts, verdicts[0]!);
    };
    expect(of(1.4, -1, -1).outcome).toBe('agrees');
    expect(of(1).outcome).toBe('agrees');
    expect(of(1, -1, -1)).toMatchObject({ outcome: 'cannot tell', reason: expect.stringContaining('3 comparisons') });
    expect(of(-1, -1.2, -1.3).outcome).toBe('disagrees');
    expect(of(-1, -1.2, 0).outcome).toBe('cannot tell');
    const none = judgeDirection(null, { claim: '', expected: 'above' });
    expect(anyOf([none, none], none)).toBe(none);
  });

  it('make one family-wise error in at most 5 % of studies without an effect', () => {
    const stream = new RandomStream({ seed: 3, purpose: 'family' });
    let wrong = 0;
    for (let i = 0; i < 500; i++) {
      const family = Array.from({ length: 8 }, () =>
        judgeDirection(meanEffect(Array.from({ length: 5 }, () => stream.normal())), { claim: '', expected: 'above' }),
      );
      if (corrected(family).some((v) => v.outcome !== 'cannot tell')) wrong++;
    }
    // Two-sided in both directions: 5 % in all.
    expect(wrong / 500).toBeLessThan(0.08);
  });

  it('agree, disagree, cannot tell or are not testable as a whole', () => {
    const of = (outcome: Verdict['outcome']): Verdict => ({
      ...judgeDirection(null, { claim: '', expected: 'above' }),
      outcome,
    });
    const all = (...outcomes: Verdict['outcome'][]) => overall(outcomes.map(of)).outcome;
    expect(all('agrees', 'agrees', 'cannot tell', 'not testable here')).toBe('agrees');
    expect(all('disagrees', 'cannot tell')).toBe('disagrees');
    expect(all('agrees', 'disagrees')).toBe('cannot tell');
    expect(all('agrees', 'cannot tell', 'cannot tell')).toBe('cannot tell');
    expect(all('not testable here')).toBe('not testable here');
    expect(all()).toBe('not testable here');
    const every = (...outcomes: Verdict['outcome'][]) => overall(outcomes.map(of), { every: true }).outcome;
    expect(every('agrees', 'agrees', 'not testable here')).toBe('agrees');
    expect(every('agrees', 'cannot tell', 'cannot tell')).toBe('cannot tell');
    expect(every('agrees', 'agrees', 'disagrees')).toBe('disagrees');
    expect(every('not testable here')).toBe('not testable here');
  });
});
