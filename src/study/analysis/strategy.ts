import {
  type Attempt,
  ampleBudget,
  differenceEffect,
  type Effect,
  type EffectSize,
  effectSize,
  isCensoredByBudget,
} from '../../verdict/index.ts';
import type { MeasuredTrial } from '../measured.ts';
import { rateProblem } from './base-point.ts';
import { bestRate, edgeOf, type JudgedTrial, rateGroups, stepsOf } from './best-rate.ts';
import { type BatchGroup, type CriticalBatch, criticalBatchOf, tunedSteps } from './critical-batch.ts';
import type { Crossing } from './crossing.ts';
import { countsEpochs, hasClock } from './curve.ts';
import { type Breakpoints, type Regime, speedupCurve } from './speedup.ts';
import { noSpread, type Spread, spreadOf } from './spread.ts';
import type { KnownTarget } from './target.ts';

/** One strategy at one batch size, held against one target, at the rate that gets there in the fewest steps. */
export interface StudyPoint {
  readonly batchSize: number;
  /** At the best rate. The four that follow and `reached` sum up to it. */
  readonly trials: number;
  readonly reached: number;
  readonly censored: number;
  readonly infeasible: number;
  readonly failed: number;
  readonly pending: number;
  /** Rates that were tried, and whether the best is the first or the last of several. */
  readonly rates: number;
  readonly edge: 'lowest' | 'highest' | null;
  readonly baseRate: number;
  readonly learningRate: number;
  readonly stepsToTarget: Spread;
  /** The same for the curves after a running median of five evaluations. */
  readonly smoothedStepsToTarget: Spread;
  /** Nulls where the size of an epoch is not known. */
  readonly epochsToTarget: Spread;
  readonly examplesToTarget: Spread;
  /** Nulls without a clock. */
  readonly secondsToTarget: Spread;
  /** Steps that the median takes at least; null where nothing is known, or where all trials diverged. */
  readonly stepsAtLeast: number | null;
  /** The target was missed, and every miss came before `ampleBudget` times the fewest steps that it takes: the budget's doing, which counts for no verdict. */
  readonly endedByBudget: boolean;
  readonly speedup: number | null;
  /** 95 % over seeds, steps taken as log-normal (Welch); null without two seeds at both ends, and at the base. */
  readonly speedupInterval: EffectSize | null;
  readonly ideal: number | null;
  readonly regime: Regime;
}

export interface TargetAnalysis {
  readonly target: string;
  readonly points: readonly StudyPoint[];
  /** Speed-ups are relative to it: the smallest batch that reaches the target with a rate that is tuned and off the edge of its grid, or (with a `baseProblem`) the smallest that reaches it. */
  readonly baseBatch: number | null;
  readonly baseProblem: string | null;
  /** Smin of the fit, or the fewest steps of any batch size, which are more; null where none reaches the target. */
  readonly leastSteps: number | null;
  readonly criticalBatch: CriticalBatch;
  /** Half efficiency depends on the base batch m0: on the fitted curve it is B_crit + 2 m0. */
  readonly breakpoints: Breakpoints;
}

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
