import fc from 'fast-check';
import { type Checked, checkGraph, expectRight } from '../graphs/derivatives.ts';
import { differentiable } from '../graphs/gardens.ts';
import { grow, type Step, steps } from '../graphs/grow.ts';
import { draw } from './run.ts';

export interface Outcomes {
  readonly outcomes: Readonly<Record<Checked['outcome'], number>>;
  /** How often each operator was in a graph. */
  readonly grown: ReadonlyMap<string, number>;
  /** Why graphs were refused. */
  readonly reasons: ReadonlySet<string>;
}

/** Checks the derivatives of `runs` random graphs of at most `most` nodes each; a failure is shrunken to a small graph. */
export async function checkRandomGraphs(runs: number, most: number, seed: number): Promise<Outcomes> {
  const outcomes = { checked: 0, kink: 0, refused: 0 };
  const grown = new Map<string, number>();
  const reasons = new Set<string>();
  const wrt = Object.keys(differentiable.inputs);
  await fc.assert(
    fc.asyncProperty(steps(most), fc.nat(1000), async (plan: readonly Step[], place) => {
      const made = grow(plan, differentiable);
      const point = Object.fromEntries(
        wrt.map((name) => [name, draw('unit', 'float64', differentiable.inputs[name]!, name, place)]),
      );
      const checked = await checkGraph(made.graph, point, wrt, place);
      for (const [name, count] of made.grown) grown.set(name, (grown.get(name) ?? 0) + count);
      outcomes[checked.outcome]++;
      if (checked.reason) reasons.add(checked.reason);
      if (checked.outcome === 'checked') expectRight(checked, made.graph);
    }),
    { numRuns: runs, seed },
  );
  return { outcomes, grown, reasons };
}
