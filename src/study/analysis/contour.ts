import { largestOf, leastOf } from '../../base/statistics.ts';
import type { Contour } from '../../schema/index.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { curveOf, valueAt } from './curve.ts';
import { medianOf } from './spread.ts';
import { type TargetAnalysis, trialsAt } from './strategy.ts';
import type { KnownTarget } from './target.ts';

export type { Contour };

const columns = 48;

/** Of the trials at the best rate of each batch size; null where nothing was evaluated. */
export function contourOf(
  strategy: string,
  trials: readonly MeasuredTrial[],
  { quantity }: KnownTarget,
  { points }: TargetAnalysis,
): Contour | null {
  const rows = points.flatMap((point) => {
    const curves = trialsAt(trials, point)
      .map((t) => curveOf(t, quantity).filter((p) => p.step > 0))
      .filter((c) => c.length > 1);
    return curves.length === 0 ? [] : [{ batchSize: point.batchSize, curves }];
  });
  if (rows.length === 0) return null;
  const all = rows.flatMap((r) => r.curves.flatMap((c) => [c[0]!.step, c.at(-1)!.step]));
  const [first, last] = [leastOf(all), largestOf(all)];
  const steps = Array.from({ length: columns }, (_, i) => first * (last / first) ** (i / (columns - 1)));
  return {
    strategy,
    batchSizes: rows.map((r) => r.batchSize),
    steps,
    values: rows.map(({ curves }) =>
      steps.map((step) => {
        const known = curves.flatMap((c) => valueAt(c, step) ?? []);
        return known.length === 0 ? null : medianOf(known);
      }),
    ),
  };
}
