import { describe, expect, it } from 'vitest';
import { coverage } from './coverage.ts';

describe('intervals of 95 %', () => {
  it('hold the truth in 92 to 98 % of simulated studies, within the error of 200 (all of it is in the slow tests)', () => {
    const found = coverage({ sizes: 6, seeds: 3, noise: 0.1 }, 200);
    expect(found.inside).toBe(true);
    for (const kind of ['criticalBatch', 'ratio', 'speedup', 'gap', 'noiseScale'] as const) {
      // Half of the studies have a ratio.
      expect(found[kind], kind).toBeGreaterThan(0.92 - (kind === 'ratio' ? 0.06 : 0.04));
      expect(found[kind], kind).toBeLessThanOrEqual(kind === 'ratio' ? 1 : 0.98 + 0.015);
    }
  });
});
