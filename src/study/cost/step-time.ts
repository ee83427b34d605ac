import { BallastError } from '../../base/errors.ts';
import { largestOf } from '../../base/statistics.ts';
import type { StepTimeCurve } from '../../schema/index.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { type Marked, measured, modelled } from './provenance.ts';

export type { StepTimeCurve };

/** Seconds of a step at one batch size. */
export type StepTimePoint = StepTimeCurve['points'][number];

/** t(B) = t0 + B t1. */
export type StepTimeFit = StepTimeCurve['fit'];

/**
 * Least squares of the *relative* errors, so that small batches count as much as large ones; both coefficients are kept from
 * being negative. Throws BallastError for less than two batch sizes.
 */
export function fitStepTime(points: readonly Pick<StepTimePoint, 'batchSize' | 'seconds'>[]): StepTimeFit {
  if (new Set(points.map((p) => p.batchSize)).size < 2)
    throw new BallastError(
      `step times at ${points.length} batch size${points.length === 1 ? '' : 's'} make no curve; expected two or more`,
    );
  // Minimizes sum (t0 u + t1 v - 1)² with u = 1 / t and v = B / t.
  let [uu, uv, vv, u1, v1] = [0, 0, 0, 0, 0];
  for (const { batchSize, seconds } of points) {
    const [u, v] = [1 / seconds, batchSize / seconds];
    uu += u * u;
    uv += u * v;
    vv += v * v;
    u1 += u;
    v1 += v;
  }
  const determinant = uu * vv - uv * uv;
  let [overhead, perExample] = [(u1 * vv - v1 * uv) / determinant, (v1 * uu - u1 * uv) / determinant];
  if (overhead < 0) [overhead, perExample] = [0, v1 / vv];
  if (perExample < 0) [overhead, perExample] = [u1 / uu, 0];
  const errors = points.map(({ batchSize, seconds }) => (overhead + batchSize * perExample) / seconds - 1);
  return {
    overhead,
    perExample,
    residual: Math.sqrt(errors.reduce((s, e) => s + e * e, 0) / errors.length),
    worst: largestOf(errors.map(Math.abs)),
  };
}

/** The curve through measured points. Throws BallastError for less than two batch sizes. */
export function stepTimeCurve(points: readonly StepTimePoint[]): StepTimeCurve {
  const sorted = [...points].sort((a, b) => a.batchSize - b.batchSize);
  return { points: sorted, fit: fitStepTime(sorted) };
}

/** Seconds of a step on one device: the measured median where there is one, else the fit. */
export function secondsPerStep({ points, fit }: StepTimeCurve, batchSize: number): Marked {
  const point = points.find((p) => p.batchSize === batchSize);
  return point ? measured(point.seconds) : modelled(fit.overhead + batchSize * fit.perExample);
}

/**
 * The points that the trials of a study give: the median over the trials of a batch size. Trials of several machines are not
 * mixed: the hardware must be named, and only its trials count.
 */
export function stepTimesOf(trials: readonly MeasuredTrial[], hardware: string): StepTimePoint[] {
  const times = new Map<number, number[]>();
  for (const { batchSize, secondsPerStep: seconds, hardware: where } of trials) {
    if (seconds === null || where !== hardware) continue;
    times.set(batchSize, [...(times.get(batchSize) ?? []), seconds]);
  }
  return [...times]
    .map(([batchSize, seconds]) => pointOf({ batchSize, microBatch: null }, seconds))
    .sort((a, b) => a.batchSize - b.batchSize);
}

/** One point from its repeats; throws RangeError for none. */
export function pointOf(
  size: Pick<StepTimePoint, 'batchSize' | 'microBatch'>,
  seconds: readonly number[],
): StepTimePoint {
  if (seconds.length === 0) throw new RangeError('a step time needs at least one repeat');
  const sorted = [...seconds].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    ...size,
    seconds: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    low: sorted[0]!,
    high: sorted.at(-1)!,
    repeats: sorted.length,
  };
}
