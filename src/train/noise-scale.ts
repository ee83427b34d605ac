/** Moving averages of the two terms, from which the start at 0 is not yet taken out: `weight` says how much of them is data. */
export interface NoiseTerms {
  readonly signal: number;
  readonly noise: number;
  readonly weight: number;
}

/** Squared gradient norms of one step: of the batch, and the mean over its micro-batches (undefined when there is one only). */
export interface GradientSquares {
  readonly gradSquare: number;
  readonly microSquare?: number;
}

export interface NoiseEstimate {
  /** |G|², the squared norm of the true gradient. The estimate is unbiased, and can be negative where noise rules. */
  readonly signal: number;
  /** tr Σ, the variance of one example's gradient, summed over the parameters. */
  readonly noise: number;
  /** The simple noise scale tr Σ / |G|², in examples; undefined while the estimate of |G|² is not positive. */
  readonly scale?: number;
}

export const noTerms: NoiseTerms = { signal: 0, noise: 0, weight: 0 };

/** Share of a new value in the moving averages. */
const share = 0.05;

/** Examples of the two batches whose gradients are compared. */
export interface BatchSizes {
  readonly batchSize: number;
  readonly microBatch: number;
}

/**
 * What one step says of |G|² and tr Σ, from squared gradient norms at two batch sizes (McCandlish et al. 2018, 1812.06162, appendix A.1):
 * E|G_B|² = |G|² + tr Σ / B gives |G|² = (B |G_B|² - b |G_b|²) / (B - b) and tr Σ = (|G_b|² - |G_B|²) / (1/b - 1/B). Each is
 * unbiased and their ratio is not, so they are to be averaged separately. Undefined for a batch that is one micro-batch: it tells nothing.
 */
export function noiseOfStep(
  { gradSquare, microSquare }: GradientSquares,
  { batchSize, microBatch }: BatchSizes,
): Pick<NoiseEstimate, 'signal' | 'noise'> | undefined {
  if (microSquare === undefined) return undefined;
  return {
    signal: (batchSize * gradSquare - microBatch * microSquare) / (batchSize - microBatch),
    noise: (microSquare - gradSquare) / (1 / microBatch - 1 / batchSize),
  };
}

/** The averages after one more step; see `noiseOfStep`. */
export function noiseAfter(before: NoiseTerms, squares: GradientSquares, sizes: BatchSizes): NoiseTerms {
  const terms = noiseOfStep(squares, sizes);
  if (!terms) return before;
  const mix = (old: number, value: number) => (1 - share) * old + share * value;
  return {
    signal: mix(before.signal, terms.signal),
    noise: mix(before.noise, terms.noise),
    weight: mix(before.weight, 1),
  };
}

/** The averages, divided by the weight of the data in them, and the noise scale; undefined before any data. */
export function noiseEstimate({ signal, noise, weight }: NoiseTerms): NoiseEstimate | undefined {
  if (weight === 0) return undefined;
  const terms = { signal: signal / weight, noise: noise / weight };
  return signal > 0 ? { ...terms, scale: noise / signal } : terms;
}
