import { studentQuantile } from '../../verdict/index.ts';
import type { ScaleInterval } from './critical-batch.ts';

/** A plan beside the study that it was to replace: with rates tuned at every batch size, or the two say different things. */
export interface PlanAgainstStudy {
  readonly model: string;
  readonly dataset: string;
  readonly planned: number;
  readonly studied: number;
}

/** All there are: the folders of `results/` that have both. Plans that were held against curves with a rate that is not tuned again are not comparable. */
export const plansAgainstStudies: readonly PlanAgainstStudy[] = [
  { model: 'resnet8', dataset: 'cifar10', planned: 206.8, studied: 304.3 },
];

/** Studies that a prediction interval takes: two have no scatter to speak of. */
const fewest = 3;

/** What of a plan's B_crit is to be expected of a study. */
export interface PlanPrediction {
  /** 95 % of studies; null: it cannot be told. */
  readonly interval: ScaleInterval | null;
  /** Comparisons that it rests on. */
  readonly count: number;
  readonly reason: string | null;
}

/**
 * A 95 % prediction interval of the B_crit that a study would fit, from how far earlier plans were off: log(studied / planned) is taken as normal, and the next one lies within
 * mean ± t s sqrt(1 + 1/n) of them, t with n - 1 degrees of freedom. The chance of the plan's own run is in those too.
 */
export function predictStudied(
  planned: number,
  known: readonly PlanAgainstStudy[] = plansAgainstStudies,
): PlanPrediction {
  const n = known.length;
  if (n < fewest)
    return {
      interval: null,
      count: n,
      reason: `${n} plan${n === 1 ? ' has' : 's have'} been held against a study with tuned rates${n === 1 ? ` (it said ${(known[0]!.planned / known[0]!.studied).toFixed(2)} of what the study fitted)` : ''}; at least ${fewest} are needed to say how far a plan is off`,
    };
  const logs = known.map((k) => Math.log(k.studied / k.planned));
  const mean = logs.reduce((s, x) => s + x, 0) / n;
  const deviation = Math.sqrt(logs.reduce((s, x) => s + (x - mean) ** 2, 0) / (n - 1));
  const half = studentQuantile(0.975, n - 1) * deviation * Math.sqrt(1 + 1 / n);
  const at = (x: number) => planned * Math.exp(x);
  return { interval: { value: at(mean), low: at(mean - half), high: at(mean + half) }, count: n, reason: null };
}
