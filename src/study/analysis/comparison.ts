import type { ComparisonRow, Contrast } from '../../schema/index.ts';
import { type Effect, effectSize } from '../../verdict/index.ts';
import type { MeasuredWorkload } from '../measured/measured.ts';
import { criticalBatchRatio } from './profile.ts';
import type { TargetAnalysis } from './strategy.ts';

export type { ComparisonRow, Contrast };

const factors = ['model', 'dataset', 'fraction', 'complexity'] as const;
export type Factor = (typeof factors)[number];

export function comparisonRow(
  workload: MeasuredWorkload,
  strategy: string,
  analysis: TargetAnalysis,
  depth: number | null,
): ComparisonRow {
  const { name, model, dataset, fraction, complexity, examples, parameters } = workload;
  return {
    workload: name,
    model,
    dataset,
    fraction,
    complexity,
    examples,
    parameters,
    strategy,
    target: analysis.target,
    criticalBatch: analysis.criticalBatch,
    halfEfficiency: analysis.breakpoints.halfEfficiency,
    flatFrom: analysis.breakpoints.flatFrom,
    depth,
  };
}

/** log of B_crit of `to` over that of `from`. */
export function ratioOf({ from, to }: Pick<Contrast, 'from' | 'to'>): Effect | null {
  const [a, b] = [from.criticalBatch, to.criticalBatch];
  if (a.value === null || b.value === null) return null;
  return criticalBatchRatio({ points: a.points, criticalBatch: a.value }, { points: b.points, criticalBatch: b.value });
}

/** Numbers of examples that still count as equal: shares of sets of different size come out a few examples apart. */
const sameCount = 0.01;

/** In what two workloads differ. Shares of two data sets are no factor of their own where they come to the same number of examples, which is what has to be equal then. */
function differing(from: ComparisonRow, to: ComparisonRow): Factor[] {
  const found = factors.filter((f) => from[f] !== to[f]);
  const sameNumber = Math.abs(from.examples - to.examples) <= sameCount * Math.max(from.examples, to.examples);
  return found.includes('dataset') && sameNumber ? found.filter((f) => f !== 'fraction') : found;
}

/** Every pair of rows of one strategy and target whose workloads differ in exactly one factor. */
export function contrastsOf(rows: readonly ComparisonRow[]): Contrast[] {
  return rows.flatMap((from, i) =>
    rows.slice(i + 1).flatMap((to) => {
      if (from.strategy !== to.strategy || from.target !== to.target) return [];
      const [factor, another] = differing(from, to);
      if (factor === undefined || another !== undefined) return [];
      const [a, b] = [from.criticalBatch.value, to.criticalBatch.value];
      const ratio = a !== null && b !== null ? b / a : null;
      const { strategy, target } = from;
      const effect = ratioOf({ from, to });
      return [{ factor, strategy, target, from, to, ratio, interval: effect && effectSize(effect) }];
    }),
  );
}
