import { leastOf } from '../../base/statistics.ts';
import type { BatchPlanResult } from './plan-result.ts';

/** What a full study found: its fitted B_crit (see `criticalBatch` of `ballast batch report` as JSON), and how long it took where known. */
export interface StudyOutcome {
  readonly criticalBatch: { readonly value: number; readonly low: number | null; readonly high: number | null };
  readonly seconds?: number;
}

/** How far a plan was from the study that it stands for. */
export interface PlanComparison {
  readonly predicted: number;
  readonly fitted: number;
  /** predicted / fitted: 1 is right, 0.5 half of it. */
  readonly ratio: number;
  /** |log2 of the ratio|: by how many doublings the plan was wrong. */
  readonly doublings: number;
  /** Whether the interval of the noise scale, which knows the chance of the plan's own run alone, holds the fitted value. */
  readonly covered: boolean;
  /** Whether the interval that is predicted for studies holds it; null where the plan has none. */
  readonly foreseen: boolean | null;
  /** Whether the two intervals have anything in common; null where the study has none. */
  readonly overlap: boolean | null;
  /** What it would have cost to believe the plan: how much longer its recommended batch takes than the best batch of its table under the study's B_crit. */
  readonly regret: number;
  /** Seconds of the plan / seconds of the study; null where the study's are not known. */
  readonly costShare: number | null;
}

/**
 * Compares a plan's B_crit with the one that a full study fitted. The noise scale leaves curvature out and a short run sees the
 * beginning only, so a factor of two either way is what the literature lets expect (McCandlish et al., 1812.06162, figures 5 and 8).
 */
export function comparePlan(plan: BatchPlanResult, { criticalBatch: fitted, seconds }: StudyOutcome): PlanComparison {
  const { value, low, high } = plan.criticalBatch;
  const ratio = value / fitted.value;
  const top = high ?? Number.POSITIVE_INFINITY;
  const holds = (from: number, to: number | null) =>
    from <= fitted.value && fitted.value <= (to ?? Number.POSITIVE_INFINITY);
  const expected = plan.prediction.interval;
  return {
    predicted: value,
    fitted: fitted.value,
    ratio,
    doublings: Math.abs(Math.log2(ratio)),
    covered: holds(low, high),
    foreseen: expected && holds(expected.low, expected.high),
    overlap: fitted.low === null ? null : low <= (fitted.high ?? Number.POSITIVE_INFINITY) && fitted.low <= top,
    regret: regretOf(plan, fitted.value),
    costShare: seconds === undefined ? null : plan.cost.seconds / seconds,
  };
}

/** Time of the recommended batch over the shortest of the table, on as many devices, with the study's B_crit; minus 1. */
function regretOf({ ways, recommendation: { way } }: BatchPlanResult, criticalBatch: number): number {
  const time = (w: { batchSize: number; stepSeconds: { value: number } }) =>
    (1 + criticalBatch / w.batchSize) * w.stepSeconds.value;
  const best = leastOf(ways.filter((w) => w.devices === way.devices).map(time));
  return time(way) / best - 1;
}
