import { describe, expect, it } from 'vitest';
import { coverage } from './quadratic-coverage.ts';

describe('a hundred branched trainings of the noisy quadratic model', () => {
  it('hold B* of the closed form in at least 90, at no more than a tenth of the cost of a study', () => {
    const { covered, costShare, decided } = coverage(100);
    console.info({ covered, costShare, decided });
    expect(covered).toBeGreaterThanOrEqual(90);
    expect(costShare).toBeLessThanOrEqual(0.1);
  });
});
