import type { GeneralizationRow } from '../../schema/index.ts';
import { type EffectSize, effectSize, meanEffect } from '../../verdict/index.ts';
import type { MeasuredTrial, MeasuredWorkload } from '../measured/measured.ts';
import { crossingOf } from './crossing.ts';
import { curveOf, valueAt } from './curve.ts';
import { spreadOf } from './spread.ts';
import { type TargetAnalysis, trialsAt } from './strategy.ts';
import { bestOf, directionOf, type KnownTarget } from './target.ts';

export type { GeneralizationRow };

/** @param target Of the training loss, where `gapAtTarget` is to be known. */
export function generalizationRows(
  strategy: string,
  trials: readonly MeasuredTrial[],
  workload: MeasuredWorkload,
  target: KnownTarget,
  { points }: TargetAnalysis,
): GeneralizationRow[] {
  return points.map((point) => {
    const own = trialsAt(trials, point).filter((t) => t.status !== 'infeasible');
    const bests = (quantity: 'trainLoss' | 'valLoss' | 'valMetric') =>
      own.flatMap((t) => {
        const values = curveOf(t, quantity).map((p) => p.value);
        return bestOf(values, directionOf(quantity, workload)) ?? [];
      });
    const atEnd = own.flatMap((t) => gapAt(t, Math.min(lastStep(t, 'trainLoss'), lastStep(t, 'valLoss'))));
    const atTarget = own.flatMap((t) => {
      const crossing = target.quantity === 'trainLoss' ? crossingOf(curveOf(t, 'trainLoss'), target) : null;
      return crossing ? gapAt(t, crossing.step) : [];
    });
    return {
      strategy,
      batchSize: point.batchSize,
      trials: own.length,
      trainLosses: bests('trainLoss'),
      bestTrainLoss: spreadOf(bests('trainLoss')),
      bestValLoss: spreadOf(bests('valLoss')),
      bestValMetric: spreadOf(bests('valMetric')),
      gapAtEnd: spreadOf(atEnd),
      gapAtTarget: spreadOf(atTarget),
      gapAtEndInterval: intervalOver(atEnd),
      gapAtTargetInterval: intervalOver(atTarget),
    };
  });
}

function intervalOver(values: readonly number[]): EffectSize | null {
  const mean = meanEffect(values);
  return mean && effectSize(mean);
}

const lastStep = (trial: MeasuredTrial, quantity: 'trainLoss' | 'valLoss') =>
  curveOf(trial, quantity).at(-1)?.step ?? 0;

function gapAt(trial: MeasuredTrial, step: number): number[] {
  const [train, held] = [valueAt(curveOf(trial, 'trainLoss'), step), valueAt(curveOf(trial, 'valLoss'), step)];
  return train === null || held === null ? [] : [held - train];
}
