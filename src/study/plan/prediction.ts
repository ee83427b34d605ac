import { meanOf } from '../../base/statistics.ts';
import { studentQuantile } from '../../verdict/index.ts';
import type { ScaleInterval } from './critical-batch.ts';

/** A noise scale beside the B_crit that a study found: with rates tuned at every batch size, or the two say different things. */
export interface PlanAgainstStudy {
  readonly model: string;
  readonly dataset: string;
  /** Name of the workload in its study. */
  readonly workload: string;
  /** Noise scale, in examples. */
  readonly planned: number;
  /** Fitted B_crit of the study's first target at which there is one. */
  readonly studied: number;
  /** Where the noise scale is from: a plan, or the study's own trials at batch 256 with the best rate (median over their training), which is what a plan of that batch would have seen. */
  readonly from: 'plan' | 'trials';
}

/**
 * The first studies in `results/` that have both (`cifar10`, `shapes`, `data`). Curves with a rate that is not tuned again are not comparable; of the language model and of the segmentation the studies' noise scales are
 * lost in the noise. A test computes them again from the measurements in `results/`, and holds what follows from them against the later studies.
 */
export const plansAgainstStudies: readonly PlanAgainstStudy[] = [
  { model: 'resnet8', dataset: 'cifar10', workload: 'resnet8', planned: 211.9, studied: 304.3, from: 'plan' },
  { model: 'mlp128', dataset: 'cifar10', workload: 'mlp128-f1', planned: 875, studied: 1109, from: 'trials' },
  { model: 'mlp128', dataset: 'shapes', workload: 'mlp128-c0.2', planned: 115, studied: 92, from: 'trials' },
  { model: 'mlp128', dataset: 'shapes', workload: 'mlp128-c0.5', planned: 150, studied: 332, from: 'trials' },
  { model: 'mlp128', dataset: 'shapes', workload: 'mlp128-c0.8', planned: 196, studied: 451, from: 'trials' },
  { model: 'mlp128', dataset: 'mnist', workload: 'mnist', planned: 42.7, studied: 87.5, from: 'trials' },
  { model: 'mlp128', dataset: 'fashion-mnist', workload: 'fashion', planned: 59.9, studied: 116.5, from: 'trials' },
  { model: 'mlp128', dataset: 'svhn', workload: 'svhn', planned: 178.3, studied: 488, from: 'trials' },
  { model: 'mlp128', dataset: 'cifar10', workload: 'cifar10', planned: 314.7, studied: 953, from: 'trials' },
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
 * A 95 % prediction interval of the B_crit that a study would fit, from how far noise scales were off before: log(studied / planned) is taken as normal, and the next one lies within
 * mean ± t s sqrt(1 + 1/n) of them, t with n - 1 degrees of freedom. The chance of
 * the plan's own run is in those too. Networks and data that are unlike all of `results/` may lie outside.
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
      reason: `${n} noise scale${n === 1 ? ' has' : 's have'} been held against a study with tuned rates${n === 1 ? ` (it was ${(known[0]!.planned / known[0]!.studied).toFixed(2)} of what the study fitted)` : ''}; at least ${fewest} are needed to say how far a plan is off`,
    };
  const logs = known.map((k) => Math.log(k.studied / k.planned));
  const mean = meanOf(logs);
  const deviation = Math.sqrt(logs.reduce((s, x) => s + (x - mean) ** 2, 0) / (n - 1));
  const half = studentQuantile(0.975, n - 1) * deviation * Math.sqrt(1 + 1 / n);
  const at = (x: number) => planned * Math.exp(x);
  return { interval: { value: at(mean), low: at(mean - half), high: at(mean + half) }, count: n, reason: null };
}
