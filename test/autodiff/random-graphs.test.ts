import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGraph, expectRight } from '../graphs/derivatives.ts';
import { differentiable } from '../graphs/gardens.ts';
import { type GrownGraph, grow, type Step, steps } from '../graphs/grow.ts';
import { expectSameAsOneByOne } from './one-by-one.ts';
import { draw } from './run.ts';

const names = Object.keys(differentiable.inputs);
const pointOf = (seed: number) =>
  Object.fromEntries(names.map((name) => [name, draw('unit', 'float64', differentiable.inputs[name]!, name, seed)]));

/** Checks `runs` random graphs of at most `most` steps; a failure is shrunken to a small graph. */
export async function checkRandomGraphs(runs: number, most: number, seed: number) {
  const outcomes = { checked: 0, kink: 0, refused: 0 };
  const grown = new Map<string, number>();
  const reasons = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(steps(most), async (plan: readonly Step[]) => {
      const made: GrownGraph = grow(plan, differentiable);
      for (const [name, count] of made.grown) grown.set(name, (grown.get(name) ?? 0) + count);
      const checked = await checkGraph(made.graph, pointOf(plan.length), names, seed);
      outcomes[checked.outcome]++;
      if (checked.reason) reasons.set(checked.reason, (reasons.get(checked.reason) ?? 0) + 1);
      if (checked.outcome === 'checked') expectRight(checked, made.graph);
    }),
    { numRuns: runs, seed },
  );
  return { outcomes, grown, reasons };
}

describe('on random graphs with shared values', () => {
  it('tangents equal differences, gradients are their transpose, linearizations agree', async () => {
    const { outcomes } = await checkRandomGraphs(60, 30, 7);
    expect(outcomes.refused).toBe(0);
    expect(outcomes.checked).toBeGreaterThan(40);
  });

  it('linear maps on several vectors equal jvp and vjp on each', () =>
    fc.assert(
      fc.asyncProperty(steps(12), async (plan) => {
        const { graph } = grow(plan, { ...differentiable, operators: {} });
        await expectSameAsOneByOne(graph, { wrt: 'x', of: 'y0', point: pointOf(1), vectors: 3, tolerance: 1e-11 });
      }),
      { numRuns: 1, seed: 11 },
    ));
});
