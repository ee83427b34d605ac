import type { StudyCosts } from '../../schema/index.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import type { Link } from './all-reduce.ts';
import { stepTimeCurve, stepTimesOf } from './step-time.ts';
import type { StepsPoint } from './steps-curve.ts';
import { costFront, knee, trainingCosts } from './training-cost.ts';

export interface StudyCostOptions {
  /** Trained ones of the model: what devices exchange. */
  readonly parameters: number;
  readonly devices?: readonly number[];
  readonly link?: Link;
  /** Of a device-hour. */
  readonly price?: number;
}

/** What a strategy costs. */
export type StudyCost = Omit<StudyCosts['strategies'][number], 'workload' | 'strategy' | 'target'>;

/**
 * Costs from a study's own trials of one workload and strategy: their steps to the target by batch size, and their step times on the hardware that
 * ran most of them. Null where no trial had a clock, or only one batch size did.
 */
export function studyCost(
  trials: readonly MeasuredTrial[],
  points: readonly StepsPoint[],
  { parameters, devices = [1], link, price }: StudyCostOptions,
): StudyCost | null {
  const counts = new Map<string, number>();
  for (const { hardware, secondsPerStep } of trials)
    if (hardware !== null && secondsPerStep !== null) counts.set(hardware, (counts.get(hardware) ?? 0) + 1);
  const [hardware] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (hardware === undefined) return null;
  const times = stepTimesOf(trials, hardware);
  if (times.length < 2) return null;
  const stepTime = stepTimeCurve(times);
  const ways = trainingCosts(
    {
      steps: { kind: 'points', points },
      stepTime,
      cluster: { gradientBytes: 4 * parameters, ...(link ? { link } : {}) },
      ...(price === undefined ? {} : { price }),
    },
    points.map((p) => p.batchSize).sort((a, b) => a - b),
    devices,
  );
  return { hardware, stepTime, ways, front: costFront(ways), knee: knee(ways) ?? null };
}
