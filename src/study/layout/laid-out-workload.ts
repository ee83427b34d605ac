import type { GridPoint, Workload } from '../declare/grid.ts';
import type { StopRule } from '../declare/stopping.ts';
import type { Path } from '../declare/study-file.ts';
import type { MeasuredWorkload, TargetSpec } from '../measured/measured.ts';
import type { TrialSpec } from './trial-spec.ts';

/** A point of the grid with the computation that it comes to. */
export interface PlannedTrial {
  readonly point: GridPoint;
  readonly id: string;
  /** What earlier versions called it. */
  readonly formerId: string;
  /** After the strategy's rule. */
  readonly learningRate: number;
  readonly budgetSteps: number;
  /** All that is needed to compute it, for as many steps as the point with the largest budget asks for. */
  specOf(steps: number, rules: readonly StopRule[]): TrialSpec;
}

/** A workload that can be computed, and what of it cannot. */
export interface LaidOutWorkload {
  readonly mistakes: readonly { readonly at: Path; readonly message: string; readonly places?: string | undefined }[];
  /** Undefined where nothing of it can be computed. */
  readonly laidOut?: {
    readonly facts: MeasuredWorkload;
    /** Floating-point operations of training on one example; undefined where nobody knows. */
    readonly flopsPerExample: number | undefined;
    readonly points: readonly PlannedTrial[];
  };
}

/** Targets with their names: `trainLoss<=0.5` and the like where the file gives none. */
export const namedTargets = ({ targets }: Workload, metric: MeasuredWorkload['metric']): TargetSpec[] =>
  targets.map(({ name, quantity, rule }) => {
    if (name !== undefined) return { name, quantity, rule };
    if (rule.kind === 'quartile') return { name: `${quantity} quartile ${rule.q}`, quantity, rule };
    const sign = quantity === 'valMetric' && metric?.direction === 'max' ? '>=' : '<=';
    return { name: `${quantity}${sign}${rule.value}`, quantity, rule };
  });
