import type { MeasuredTrial } from '../measured.ts';
import { bestRate, edgeOf, type JudgedTrial, rateGroups, stepsOf } from './best-rate.ts';
import {
  type BatchGroup,
  type BootstrapOptions,
  type BootstrapRange,
  type CriticalBatch,
  criticalBatchOf,
  tunedSteps,
} from './critical-batch.ts';
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
  readonly speedup: number | null;
  readonly ideal: number | null;
  readonly regime: Regime;
}

export interface TargetAnalysis {
  readonly target: string;
  readonly points: readonly StudyPoint[];
  /** The smallest batch that reaches the target: speed-ups are relative to it. */
  readonly baseBatch: number | null;
  readonly criticalBatch: CriticalBatch;
  readonly breakpoints: Breakpoints;
  /** 95 % of the bootstrap over seeds; null with single seeds. */
  readonly breakpointRanges: Readonly<Record<keyof Breakpoints, BootstrapRange>> | null;
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

/** @param trials Of one workload and strategy. */
export function analyseTarget(
  trials: readonly MeasuredTrial[],
  target: KnownTarget,
  bootstrap: BootstrapOptions = {},
): TargetAnalysis {
  const groups = batchGroups(trials, target);
  const tuned = groups.map(tunedSteps);
  const { baseBatch, speedups, breakpoints } = speedupCurve(tuned);
  const points = groups.map((group, i): StudyPoint => {
    const best = bestRate(group.rates, target)!;
    const count = (kind: JudgedTrial['outcome']['kind']) => best.trials.filter((t) => t.outcome.kind === kind).length;
    const of = (key: 'epoch' | 'examples' | 'seconds') => spreadOf(best.trials.map((t) => first(t)?.[key] ?? Infinity));
    const { speedup, ideal, regime } = speedups[i]!;
    const { atLeast } = tuned[i]!;
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
      speedup,
      ideal,
      regime,
    };
  });
  return { target: target.name, points, baseBatch, breakpoints, ...criticalBatchOf(groups, bootstrap) };
}

const first = ({ outcome }: JudgedTrial): Crossing | null => (outcome.kind === 'reached' ? outcome.first : null);

/** The trials that stand behind a point: those at its batch size and best rate. */
export function trialsAt(trials: readonly MeasuredTrial[], point: StudyPoint): MeasuredTrial[] {
  return trials.filter((t) => t.batchSize === point.batchSize && t.baseRate === point.baseRate);
}
