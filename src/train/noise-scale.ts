/**
 * The simple gradient noise scale tr Σ / |G|² of McCandlish et al. 2018 (1812.06162, appendix A.1): about the batch size at which noise and
 * signal in a step's gradient are equally large. It comes from the squared norms of gradients at two batch sizes, whose expectations are
 * |G|² + tr Σ / batch, and which accumulation has at no cost: those of the micro-batches and that of the whole.
 */
export interface NoiseTerms {
  /** Moving average of the estimates of |G|², the squared norm of the true gradient. */
  readonly signal: number;
  /** Moving average of the estimates of tr Σ, the summed variance of one example's gradient. */
  readonly noise: number;
  /** Moving average of 1: what the others are too small by, as they began at 0. */
  readonly weight: number;
}

export const noNoiseTerms: NoiseTerms = { signal: 0, noise: 0, weight: 0 };

export interface GradientSquares {
  readonly batchSize: number;
  readonly microBatch: number;
  /** |G_B|², of the whole batch. */
  readonly gradSquare: number;
  /** Mean of |G_b|² over the micro-batches; undefined where there is one only. */
  readonly microSquare?: number;
}

/** Share of a new value in the moving averages. */
const share = 0.05;

/** The terms after a further step; single estimates are unbiased but wild, so the two are averaged separately before they are divided. */
export function noiseTermsAfter(
  before: NoiseTerms,
  { batchSize, microBatch, gradSquare, microSquare }: GradientSquares,
): NoiseTerms {
  if (microSquare === undefined) return before;
  const signal = (batchSize * gradSquare - microBatch * microSquare) / (batchSize - microBatch);
  const noise = (microSquare - gradSquare) / (1 / microBatch - 1 / batchSize);
  const mix = (old: number, value: number) => (1 - share) * old + share * value;
  return { signal: mix(before.signal, signal), noise: mix(before.noise, noise), weight: mix(before.weight, 1) };
}

/** tr Σ / |G|² in examples; undefined while there is no estimate, or one whose |G|² is lost in the noise. */
export function noiseScaleOf({ signal, noise, weight }: NoiseTerms): number | undefined {
  return weight > 0 && signal > 0 ? noise / signal : undefined;
}
