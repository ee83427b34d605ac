import { UsageError } from '../../base/errors.ts';
import { type Marked, measured, modelled } from './provenance.ts';

/**
 * Steps to a target by batch size. `hyperbola`: S = Smin (1 + Bc / B), which with E = B S is (S/Smin - 1)(E/Emin - 1) = 1 and
 * Bc = Emin / Smin (McCandlish et al. 2018, arXiv 1812.06162). `points`: what a study has measured.
 */
export type StepsCurve =
  | { readonly kind: 'hyperbola'; readonly minSteps: number; readonly criticalBatch: number }
  | { readonly kind: 'points'; readonly points: readonly StepsPoint[] };

export interface StepsPoint {
  readonly batchSize: number;
  readonly steps: number;
}

/** S / Smin. */
export const stepsRelative = (criticalBatch: number, batchSize: number): number => 1 + criticalBatch / batchSize;

/** E / Emin. */
export const examplesRelative = (criticalBatch: number, batchSize: number): number => 1 + batchSize / criticalBatch;

/** The hyperbola through one known training: `steps` at `batchSize` reach the target. Throws UsageError for numbers that are not positive. */
export function hyperbolaThrough({ batchSize, steps }: StepsPoint, criticalBatch: number): StepsCurve {
  if (!(batchSize > 0 && steps > 0 && criticalBatch >= 0))
    throw new UsageError(`expected a positive batch size and number of steps, got ${batchSize} and ${steps}`);
  return { kind: 'hyperbola', minSteps: steps / stepsRelative(criticalBatch, batchSize), criticalBatch };
}

/**
 * Steps to the target at a batch size: a measured point as it is; between two measured points modelled by a power law through
 * them; null beyond them, where only a hyperbola says something.
 */
export function stepsAt(curve: StepsCurve, batchSize: number): Marked | null {
  if (curve.kind === 'hyperbola') return modelled(curve.minSteps * stepsRelative(curve.criticalBatch, batchSize));
  const points = [...curve.points].sort((a, b) => a.batchSize - b.batchSize);
  const above = points.findIndex((p) => p.batchSize >= batchSize);
  const high = points[above];
  if (high?.batchSize === batchSize) return measured(high.steps);
  const low = points[above - 1];
  if (!high || !low) return null;
  const share = Math.log(batchSize / low.batchSize) / Math.log(high.batchSize / low.batchSize);
  return modelled(low.steps * (high.steps / low.steps) ** share);
}
