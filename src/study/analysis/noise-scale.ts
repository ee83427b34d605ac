import { groupBy } from '../../base/group-by.ts';
import { largestOf } from '../../base/statistics.ts';
import type { NoiseScaleRow } from '../../schema/index.ts';
import { effectSize, meanEffect } from '../../verdict/index.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { outcomeOf } from './crossing.ts';
import { medianOf, spreadOf } from './spread.ts';
import { type StudyPoint, type TargetAnalysis, trialsAt } from './strategy.ts';
import type { KnownTarget } from './target.ts';

export type { NoiseScaleRow };

export interface NoiseScalePoint {
  readonly epoch: number;
  /** tr Σ / |G|² in examples, median over the trials. */
  readonly value: number;
}

interface Noise {
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

const noiseOf = (trial: MeasuredTrial): Noise[] =>
  trial.measurements.flatMap(({ step, epoch, noiseScale }) =>
    noiseScale !== null && noiseScale > 0 && Number.isFinite(noiseScale) ? [{ step, epoch, value: noiseScale }] : [],
  );

/** Median of what was recorded from 0.8 to 1.25 of the steps to the target (our choice). */
function near(trial: MeasuredTrial, target: KnownTarget): number[] {
  const outcome = outcomeOf(trial, target);
  if (outcome.kind !== 'reached') return [];
  const { step } = outcome.first;
  const around = noiseOf(trial).filter((n) => n.step >= 0.8 * step && n.step <= 1.25 * step);
  return around.length === 0 ? [] : [medianOf(around.map((n) => n.value))];
}

const bins = 40;

function curveOfNoise(trials: readonly MeasuredTrial[]): NoiseScalePoint[] {
  const noise = trials.flatMap(noiseOf);
  const last = largestOf(noise.map((n) => n.epoch));
  const binned = groupBy(noise, (n) => Math.min(bins - 1, Math.floor((n.epoch / last) * bins)));
  return [...binned]
    .sort(([a], [b]) => a - b)
    .map(([, group]) => ({
      epoch: medianOf(group.map((n) => n.epoch)),
      value: medianOf(group.map((n) => n.value)),
    }));
}

/** One row a batch size at which a noise scale was recorded, in ascending order. */
export function noiseScaleRows(
  strategy: string,
  trials: readonly MeasuredTrial[],
  target: KnownTarget,
  { points, criticalBatch }: TargetAnalysis,
): NoiseScaleRow[] {
  return points.flatMap((point: StudyPoint) => {
    const own = trialsAt(trials, point).filter((t) => noiseOf(t).length > 0);
    if (own.length === 0) return [];
    const values = own.flatMap((t) => near(t, target));
    const nearTarget = spreadOf(values);
    const mean = meanEffect(values.map(Math.log), 'ratio');
    const { value } = criticalBatch;
    return [
      {
        strategy,
        target: target.name,
        batchSize: point.batchSize,
        trials: own.length,
        overTraining: spreadOf(own.map((t) => medianOf(noiseOf(t).map((n) => n.value)))),
        nearTarget,
        nearTargetInterval: mean && effectSize(mean),
        criticalBatch: value,
        ratio: value !== null && nearTarget.median !== null ? nearTarget.median / value : null,
        curve: curveOfNoise(own),
      },
    ];
  });
}
