import { describe, expect, it } from 'vitest';
import { differentiable } from '../graphs/gardens.ts';
import { checkRandomGraphs } from './random-graphs.ts';

/** Minutes on an idle machine; a busy one may take many times as long. */
const patience = 3_600_000;

describe('2,000 random graphs of up to 30 nodes', () => {
  const seen = new Set<string>();
  let checked = 0;

  it.each([20260817, 20260818, 20260819, 20260820])(
    'have right derivatives (500 from seed %i)',
    async (seed) => {
      const { outcomes, grown, reasons } = await checkRandomGraphs(500, 30, seed);
      expect([...reasons]).toEqual([]);
      checked += outcomes.checked;
      for (const name of grown.keys()) seen.add(name);
    },
    patience,
  );

  it('had every operator in some of them, and kinks in few', () => {
    expect(checked).toBeGreaterThan(1500);
    expect(Object.keys(differentiable.operators).filter((name) => !seen.has(name))).toEqual([]);
  });
});
