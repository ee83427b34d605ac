import type { MeasuredWorkload } from '../measured.ts';
import type { BootstrapRange, CriticalBatch } from './critical-batch.ts';
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
  readonly flatRange: BootstrapRange | null;
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
  /** Whether the intervals of B_crit have something in common; null without both. */
  readonly overlap: boolean | null;
}

export function comparisonRow(workload: MeasuredWorkload, strategy: string, analysis: TargetAnalysis): ComparisonRow {
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
    flatRange: analysis.breakpointRanges?.flatFrom ?? null,
  };
}

function overlap(a: CriticalBatch, b: CriticalBatch): boolean | null {
  if (a.value === null || b.value === null) return null;
  const top = (c: CriticalBatch) => c.high ?? Number.POSITIVE_INFINITY;
  return a.low! <= top(b) && b.low! <= top(a);
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
      return [{ factor, strategy, target, from, to, ratio, overlap: overlap(from.criticalBatch, to.criticalBatch) }];
    }),
  );
}
