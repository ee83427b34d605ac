import { type Effect, type EffectSize, effectSize } from '../../verdict/index.ts';
import type { MeasuredWorkload } from '../measured.ts';
import type { CriticalBatch } from './critical-batch.ts';
import { criticalBatchRatio } from './profile.ts';
import type { TargetAnalysis } from './strategy.ts';

/** A line of the table of data-set size against complexity against architecture. */
export interface ComparisonRow {
  readonly workload: string;
  readonly model: string;
  readonly dataset: string;
  readonly fraction: number;
  readonly complexity: number | null;
  readonly examples: number;
  readonly parameters: number | null;
  readonly strategy: string;
  readonly target: string;
  readonly criticalBatch: CriticalBatch;
  readonly halfEfficiency: number | null;
  readonly flatFrom: number | null;
  /** Of the way from the loss at the start to the best one of any trial, the share that the target is; null where trials end once it is reached, or nothing is known of the start. */
  readonly depth: number | null;
}

const factors = ['model', 'dataset', 'fraction', 'complexity'] as const;
export type Factor = (typeof factors)[number];

/** Two workloads that differ in one factor and nothing else. */
export interface Contrast {
  readonly factor: Factor;
  readonly strategy: string;
  readonly target: string;
  readonly from: ComparisonRow;
  readonly to: ComparisonRow;
  /** B_crit of `to` / that of `from`; null without both. */
  readonly ratio: number | null;
  /** The same with its 95 % interval, by the profile likelihood of both curves; null without both, or without points to spare. */
  readonly interval: EffectSize | null;
}

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

/** Every pair of rows of one strategy and target whose workloads differ in exactly one factor. */
export function contrastsOf(rows: readonly ComparisonRow[]): Contrast[] {
  return rows.flatMap((from, i) =>
    rows.slice(i + 1).flatMap((to) => {
      if (from.strategy !== to.strategy || from.target !== to.target) return [];
      const differing = factors.filter((f) => from[f] !== to[f]);
      const factor = differing[0];
      if (factor === undefined || differing.length > 1) return [];
      const [a, b] = [from.criticalBatch.value, to.criticalBatch.value];
      const ratio = a !== null && b !== null ? b / a : null;
      const { strategy, target } = from;
      const effect = ratioOf({ from, to });
      return [{ factor, strategy, target, from, to, ratio, interval: effect && effectSize(effect) }];
    }),
  );
}
