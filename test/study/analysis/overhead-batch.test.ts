/** The critical batch sizes of Zhang et al. (arXiv 2410.21676), from the steps of their runs at a constant rate with averaged weights. */
import { describe, expect, it } from 'vitest';
import { overheadBatch } from '../../../src/study/analysis/overhead-batch.ts';
import { fitTradeoff, tradeoffSteps } from '../../../src/study/analysis/tradeoff.ts';

/** Steps at 64, 128, ..., 16384 sequences; b/a and B* with 20 % overhead from 256 as SciPy has them, which agree with what was published. */
const published = [
  ['85M', [46000, 23000, 13282, 7000, 3840, 2528, 1917, 1600, 1600], 2190.6, 745],
  ['151M', [96000, 49000, 24000, 12000, 7128, 4350, 2940, 2400, 2300], 3239.8, 955],
  ['302M', [196000, 90000, 46000, 23400, 13300, 7224, 4980, 3400, 2879], 5432.6, 1394],
  ['604M', [311000, 166000, 81000, 37440, 21320, 11400, 7199, 4700, 3800], 7906.6, 1889],
  ['1.2B', [642000, 331000, 176000, 94000, 46500, 25000, 15360, 8900, 6500], 11131, 2533],
] as const;

const fitOf = (steps: readonly number[]) =>
  fitTradeoff(steps.map((s, i) => ({ batchSize: 64 * 2 ** i, steps: s, censored: false, weight: 1 })))!;

describe('the batch size with 20 % overhead', () => {
  it.each(published)('%s: within 1 % of the published one, and b/a as derived', (_, steps, ratio, batch) => {
    const fit = fitOf(steps);
    expect(Math.abs(fit.criticalBatch / ratio - 1)).toBeLessThan(1e-4);
    expect(Math.abs(overheadBatch(fit, { base: 256 }) / batch - 1)).toBeLessThan(0.01);
  });

  it('is where the steps are so many times the ideal ones', () => {
    const fit = fitOf(published[0][1]);
    for (const overhead of [1.05, 1.2, 2]) {
      const batch = overheadBatch(fit, { base: 256, overhead });
      const ideal = (tradeoffSteps(fit, 256) * 256) / batch;
      expect(tradeoffSteps(fit, batch) / ideal).toBeCloseTo(overhead, 10);
    }
  });
});
