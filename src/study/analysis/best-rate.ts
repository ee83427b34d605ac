import { groupBy } from '../../base/group-by.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { type Outcome, outcomeOf } from './crossing.ts';
import { medianOf } from './spread.ts';
import type { KnownTarget } from './target.ts';

export interface JudgedTrial {
  readonly trial: MeasuredTrial;
  readonly outcome: Outcome;
}

/** The trials of one strategy, batch size and rate: they differ in their seeds. */
export interface RateGroup {
  readonly baseRate: number;
  readonly learningRate: number;
  readonly trials: readonly JudgedTrial[];
}

/** First-touch steps; infinite where the target was not reached. */
export const stepsOf = ({ outcome }: JudgedTrial): number =>
  outcome.kind === 'reached' ? outcome.first.step : Number.POSITIVE_INFINITY;

/** Whether half of the trials that reached the target, or more, were there at their first evaluation: how many steps they took is not known. */
export function isUnresolved({ trials }: RateGroup): boolean {
  const reached = trials.flatMap(({ outcome }) => (outcome.kind === 'reached' ? [outcome.first.resolution] : []));
  return reached.length > 0 && 2 * reached.filter((r) => r === 'first').length >= reached.length;
}

/** Fewest steps that the target can take: the steps themselves, those of a censored trial; infinite for a diverged one, null where nothing is known. */
export function atLeastOf({ outcome }: JudgedTrial): number | null {
  switch (outcome.kind) {
    case 'reached':
      return outcome.first.step;
    case 'censored':
      return outcome.steps;
    case 'infeasible':
      return Number.POSITIVE_INFINITY;
    case 'failed':
    case 'pending':
      return null;
  }
}

export function rateGroups(trials: readonly MeasuredTrial[], target: KnownTarget): RateGroup[] {
  const judged = trials.map((trial): JudgedTrial => ({ trial, outcome: outcomeOf(trial, target) }));
  const byRate = groupBy(judged, (j) => j.trial.baseRate);
  return [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([baseRate, group]) => ({ baseRate, learningRate: group[0]!.trial.learningRate, trials: group }));
}

const share = ({ trials }: RateGroup) => trials.filter((t) => Number.isFinite(stepsOf(t))).length / trials.length;

/** Of a trial that did not reach the target, how near it came, in units in which less is nearer. */
function distance({ trials }: RateGroup, { direction }: KnownTarget): number {
  const bests = trials.map(({ outcome }) => (outcome.kind === 'censored' ? outcome.best : null));
  return medianOf(bests.map((b) => (b === null ? Number.POSITIVE_INFINITY : direction === 'min' ? b : -b)));
}

/**
 * The rate with the fewest steps to the target, by the median over its seeds. Where no rate has a median: the one that most of its trials
 * reached the target with, and then the one that came nearest.
 */
export function bestRate(groups: readonly RateGroup[], target: KnownTarget): RateGroup | undefined {
  const keys = groups.map((group) => ({
    group,
    key: [medianOf(group.trials.map(stepsOf)), -share(group), distance(group, target)],
  }));
  const order = (a: readonly number[], b: readonly number[]) => {
    const differs = a.findIndex((x, i) => x !== b[i]);
    return differs < 0 ? 0 : a[differs]! < b[differs]! ? -1 : 1;
  };
  return keys.reduce<(typeof keys)[number] | undefined>(
    (best, k) => (best && order(best.key, k.key) <= 0 ? best : k),
    undefined,
  )?.group;
}

/** The best base rate of trials of one strategy and batch size. */
export const bestRateOf = (trials: readonly MeasuredTrial[], target: KnownTarget): number =>
  bestRate(rateGroups(trials, target), target)!.baseRate;

/** Whether a rate is the first or the last of several that were tried: then a better one may lie beyond. */
export function edgeOf(groups: readonly RateGroup[], { baseRate }: RateGroup): 'lowest' | 'highest' | null {
  if (groups.length < 2) return null;
  if (baseRate === groups[0]!.baseRate) return 'lowest';
  return baseRate === groups.at(-1)!.baseRate ? 'highest' : null;
}
