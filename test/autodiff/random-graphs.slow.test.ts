import { expect, it } from 'vitest';
import { differentiable } from '../graphs/gardens.ts';
import { checkRandomGraphs } from './random-graphs.ts';

it('2,000 random graphs of up to 30 nodes have right derivatives, every operator in some of them', async () => {
  const { outcomes, grown, reasons } = await checkRandomGraphs(2000, 30, 20260817);
  expect([...reasons]).toEqual([]);
  expect(outcomes.checked).toBeGreaterThan(1500);
  expect(Object.keys(differentiable.operators).filter((name) => !grown.has(name))).toEqual([]);
});
