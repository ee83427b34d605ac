import { type BatchSizes, type MetricsRecord, noiseOfStep } from '../../train/index.ts';

/** What a stretch of training says of the gradient: means over its steps. */
export interface NoiseRecord {
  /** The last step of the stretch, from 1 on. */
  readonly step: number;
  /** How many steps it is. */
  readonly steps: number;
  /** |G|², unbiased, and negative where noise rules. */
  readonly signal: number;
  /** tr Σ. */
  readonly noise: number;
  /** |G_B|², whose mean is |G|² + tr Σ / B. */
  readonly square: number;
}

/**
 * The terms of the noise scale from a run's metrics: both are linear in the squared norms, so a line that is a mean over several steps
 * gives the means of the terms. Lines without the micro-batches' gradients are left out.
 */
export function noiseRecords(metrics: readonly MetricsRecord[], microBatch: number): NoiseRecord[] {
  return metrics.flatMap(({ step, batchSize, gradNorm, microGradNorm }, i) => {
    if (microGradNorm === undefined) return [];
    const sizes: BatchSizes = { batchSize, microBatch };
    const terms = noiseOfStep({ gradSquare: gradNorm ** 2, microSquare: microGradNorm ** 2 }, sizes);
    return terms ? [{ step, steps: step - (metrics[i - 1]?.step ?? 0), ...terms, square: gradNorm ** 2 }] : [];
  });
}
