import { describe, expect, it } from 'vitest';
import { coverage } from './coverage.ts';

describe('intervals of 95 %', () => {
  it.each([
    [3, 3, 0.05],
    [4, 3, 0.1],
    [5, 3, 0.1],
    [7, 3, 0.1],
    [7, 1, 0.1],
    [7, 2, 0.1],
    [9, 3, 0.05],
    [9, 5, 0.2],
  ])(
    'hold the truth in 92 to 98 per cent of studies of %i batch sizes and %i seeds, noise %f',
    (sizes, seeds, noise) => {
      const found = coverage({ sizes, seeds, noise }, 1500, sizes);
      console.log(sizes, seeds, noise, found);
      expect(found.inside).toBe(true);
      for (const kind of ['criticalBatch', 'ratio', 'speedup', 'gap', 'noiseScale', 'sum'] as const) {
        if (found[kind] === null) continue;
        // Of three curves at once there are 150 only, for they take the longest.
        const chance = kind === 'sum' ? 0.02 : 0;
        expect(found[kind], kind).toBeGreaterThan(0.92 - chance);
        // Welch's interval with two seeds at either end has hardly any freedom, and holds more than it says.
        expect(found[kind], kind).toBeLessThan(kind === 'speedup' && seeds === 2 ? 1 : 0.98 + chance);
      }
    },
  );
});
