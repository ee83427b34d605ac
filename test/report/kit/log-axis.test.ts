import { describe, expect, it } from 'vitest';
import { logAxis, logTicks } from '../../../src/report/kit/log-axis.ts';

describe('logAxis', () => {
  it('holds all values and the plateau when nothing is zero', () => {
    const axis = logAxis([{ values: [4, 1, 0.2], zeros: 0 }], 1);
    expect(axis.domain[0]).toBeLessThan(0.2);
    expect(axis.domain[1]).toBeGreaterThan(4);
    expect([axis.hasZeroLane, axis.clipped]).toEqual([false, 0]);
    expect(axis.place(0.2, false)).toBe(0.2);
  });

  it('gives zeros a lane below every nonzero value, with a tick called 0', () => {
    const axis = logAxis([{ values: [4, 1, 0.2, 0, 0], zeros: 2 }], 1);
    const lane = axis.place(0, true);
    expect(lane).toBeLessThan(0.2);
    expect(lane).toBeGreaterThan(axis.domain[0]);
    expect(axis.ticks.map(axis.format)[0]).toBe('0');
    expect(axis.ticks.map(axis.format)).toContain('1');
  });

  it('counts the values below its end instead of hiding them', () => {
    const axis = logAxis([{ values: [2, 1, 1e-5, 1e-6], zeros: 0 }], 1);
    expect(axis.clipped).toBe(2);
    expect(axis.place(1e-6, false)).toBe(1e-3);
  });

  it('has an axis even when all values are zero', () => {
    const axis = logAxis([{ values: [0, 0], zeros: 2 }], 1);
    expect(axis.domain[0]).toBeGreaterThan(0);
    expect(axis.domain[1]).toBeGreaterThan(1);
  });

  it('uses 1, 2, 5 on short ranges and powers of ten on long ones', () => {
    expect(logTicks(0.1, 5)).toEqual([0.1, 0.2, 0.5, 1, 2, 5]);
    expect(logTicks(0.001, 1000)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
  });

  it('has three ticks at least on a range however short that holds two decimals', () => {
    expect(logTicks(1.8, 3.3)).toEqual([2, 2.5, 3]);
    expect(logTicks(2.4, 3.9)).toEqual([2.4, 2.6, 2.8, 3, 3.2, 3.4, 3.6, 3.8]);
    expect(logTicks(190, 230)).toEqual([190, 200, 210, 220, 230]);
  });

  it('has no ticks where there is no logarithm', () => {
    expect(logTicks(0, 1)).toEqual([]);
    expect(logTicks(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)).toEqual([]);
  });
});
