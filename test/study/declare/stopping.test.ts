import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shouldStop } from '../../../src/study/declare/stopping.ts';

const curve = (losses: readonly number[]) =>
  losses.map((trainLoss, i) => ({ step: 10 * (i + 1), trainLoss, valLoss: null, valMetric: null }));
const rule = (value: number, patience = 0.5) =>
  ({ patience, targets: [{ quantity: 'trainLoss', value, direction: 'min' }] }) as const;

describe('a trial ends early', () => {
  it('when every target was touched, if only once', () => {
    expect(shouldStop(rule(1), curve([3, 2]), 1000)).toBe(false);
    expect(shouldStop(rule(1), curve([3, 0.9, 2]), 1000)).toBe(true);
    const both = {
      ...rule(1),
      targets: [...rule(1).targets, { quantity: 'valMetric', value: 0.5, direction: 'max' }],
    } as const;
    expect(shouldStop(both, curve([3, 0.9]), 1000)).toBe(false);
    const metric = curve([3, 0.9]).map((m) => ({ ...m, valMetric: 0.6 }));
    expect(shouldStop(both, metric, 1000)).toBe(true);
  });

  it('when it has not come closer for the share of the budget that it is given', () => {
    expect(shouldStop(rule(1), curve([3, 2, 2.5, 2.5]), 50)).toBe(false);
    expect(shouldStop(rule(1), curve([3, 2, 2.5, 2.5, 2.5]), 50)).toBe(true);
    expect(shouldStop(rule(1), curve([3, 2, 2.5, 2.5, 1.9]), 50)).toBe(false);
  });

  it('never without targets, and never while it improves', () => {
    expect(shouldStop({ patience: 0.1, targets: [] }, curve([1, 1, 1, 1]), 10)).toBe(false);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1.1, max: 9, noNaN: true }), { minLength: 1 }), (losses) => {
        const falling = [...new Set(losses)].sort((a, b) => b - a);
        expect(shouldStop(rule(1, 0.5), curve(falling), 20 * falling.length)).toBe(false);
      }),
    );
  });
});
