import type { StudyPoint, TargetAnalysis } from '../../schema/index.ts';
import {
  type Attempt,
  ampleBudget,
  differenceEffect,
  type Effect,
  effectSize,
  isCensoredByBudget,
} from '../../verdict/index.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { rateProblem } from './base-point.ts';
import { bestRate, edgeOf, type JudgedTrial, rateGroups, stepsOf } from './best-rate.ts';
import { type BatchGroup, criticalBatchOf, tunedSteps } from './critical-batch.ts';
import type { Crossing } from './crossing.ts';
import { countsEpochs, hasClock } from './curve.ts';
import { speedupCurve } from './speedup.ts';
import { noSpread, spreadOf } from './spread.ts';
import type { KnownTarget } from './target.ts';

export type { StudyPoint, TargetAnalysis };

/** The trials of a strategy by batch size, ascending, and by rate within. */
export function batchGroups(trials: readonly MeasuredTrial[], target: KnownTarget): BatchGroup[] {
  const sizes = [...new Set(trials.map((t) => t.batchSize))].sort((a, b) => a - b);
  return sizes.map((batchSize) => ({
    batchSize,
    rates: rateGroups(
      trials.filter((t) => t.batchSize === batchSize),
      target,
    ),
  }));
}

/** Logarithms of the steps of the trials behind a point; null where one of them did not reach the target. */
function logStepsAt(group: BatchGroup, target: KnownTarget): number[] | null {
  const steps = bestRate(group.rates, target)!.trials.map(stepsOf);
  return steps.every((s) => Number.isFinite(s) && s > 0) ? steps.map(Math.log) : null;
}

/** log of steps at `from` over steps at `to`, over seeds. Null without two seeds that reach the target at both. */
export function stepsRatio(from: BatchGroup, to: BatchGroup, target: KnownTarget): Effect | null {
  const [a, b] = [logStepsAt(from, target), logStepsAt(to, target)];
  return a && b && differenceEffect(b, a, 'ratio');
}

/** What became of the trials at the best rate, for `judgeReach`. One that was stopped because it came no closer counts with all of its budget. */
export const attemptsOf = (group: BatchGroup, target: KnownTarget): Attempt[] =>
  bestRate(group.rates, target)!.trials.flatMap(({ trial, outcome }): Attempt[] => {
    switch (outcome.kind) {
      case 'reached':
        return [{ kind: 'reached' }];
      case 'censored':
        return [{ kind: 'missed', steps: trial.status === 'stopped' ? trial.budgetSteps : outcome.steps }];
      case 'infeasible':
        return [{ kind: 'diverged' }];
      default:
        return [];
    }
  });

/**
 * @param trials Of one workload and strategy.
 * @param problems By batch size, why speed-ups cannot be counted from there; judged by the rates of `trials` unless told.
 */
export function analyseTarget(
  trials: readonly MeasuredTrial[],
  target: KnownTarget,
  problems?: ReadonlyMap<number, string | null>,
): TargetAnalysis {
  const groups = batchGroups(trials, target);
  const problemAt = (g: BatchGroup) => (problems ? (problems.get(g.batchSize) ?? null) : rateProblem(g, target));
  const tuned = groups.map((g) => ({ ...tunedSteps(g), problem: problemAt(g) }));
  const { baseBatch, baseProblem, speedups, breakpoints } = speedupCurve(tuned);
  // What lies before a base that counts has steps that are not known to be the fewest.
  const counted = groups.filter((g) => baseProblem !== null || g.batchSize >= (baseBatch ?? 0));
  const criticalBatch = criticalBatchOf(counted, baseProblem);
  const reachedSteps = tuned.flatMap((t) => t.steps ?? []);
  const leastSteps = criticalBatch.fit?.minSteps ?? (reachedSteps.length > 0 ? Math.min(...reachedSteps) : null);
  const base = groups.find((g) => g.batchSize === baseBatch);
  const points = groups.map((group, i): StudyPoint => {
    const best = bestRate(group.rates, target)!;
    const count = (kind: JudgedTrial['outcome']['kind']) => best.trials.filter((t) => t.outcome.kind === kind).length;
    const of = (key: 'epoch' | 'examples' | 'seconds') => spreadOf(best.trials.map((t) => first(t)?.[key] ?? Infinity));
    const { speedup, ideal, regime } = speedups[i]!;
    const { atLeast, steps } = tuned[i]!;
    const misses = attemptsOf(group, target).filter((a) => a.kind !== 'reached');
    const ratio = base && base !== group ? stepsRatio(base, group, target) : null;
    return {
      batchSize: group.batchSize,
      trials: best.trials.length,
      reached: count('reached'),
      censored: count('censored'),
      infeasible: count('infeasible'),
      failed: count('failed'),
      pending: count('pending'),
      rates: group.rates.length,
      edge: edgeOf(group.rates, best),
      baseRate: best.baseRate,
      learningRate: best.learningRate,
      stepsToTarget: spreadOf(best.trials.map(stepsOf)),
      smoothedStepsToTarget: spreadOf(
        best.trials.map(({ outcome }) =>
          outcome.kind === 'reached' ? (outcome.smoothed?.step ?? Infinity) : Infinity,
        ),
      ),
      epochsToTarget: best.trials.every((t) => countsEpochs(t.trial)) ? of('epoch') : noSpread,
      examplesToTarget: of('examples'),
      secondsToTarget: best.trials.every((t) => hasClock(t.trial)) ? of('seconds') : noSpread,
      stepsAtLeast: atLeast !== null && Number.isFinite(atLeast) ? atLeast : null,
      endedByBudget:
        steps === null &&
        misses.length > 0 &&
        leastSteps !== null &&
        misses.every((m) => m.kind === 'missed' && isCensoredByBudget(m.steps, leastSteps, ampleBudget)),
      speedup,
      speedupInterval: ratio && effectSize(ratio),
      ideal,
      regime,
    };
  });
  return { target: target.name, points, baseBatch, baseProblem, leastSteps, criticalBatch, breakpoints };
}

const first = ({ outcome }: JudgedTrial): Crossing | null => (outcome.kind === 'reached' ? outcome.first : null);

/** The trials that stand behind a point: those at its batch size and best rate. */
export function trialsAt(trials: readonly MeasuredTrial[], point: StudyPoint): MeasuredTrial[] {
  return trials.filter((t) => t.batchSize === point.batchSize && t.baseRate === point.baseRate);
}
