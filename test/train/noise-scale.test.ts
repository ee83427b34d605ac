import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import {
  type GradientSquares,
  type NoiseTerms,
  noiseAfter,
  noiseEstimate,
  noTerms,
} from '../../src/train/noise-scale.ts';

const sizes = { batchSize: 64, microBatch: 8 };
const mean = Array.from({ length: 40 }, (_, i) => 0.1 * Math.cos(i));
const deviations = mean.map((_, i) => 0.2 + 0.02 * i);
const sum = (values: readonly number[]) => values.reduce((s, v) => s + v, 0);
const square = (vector: readonly number[]) => sum(vector.map((v) => v * v));
const truth = { signal: square(mean), noise: square(deviations) };

/** Squared norms of a step whose examples have gradients N(mean, deviations²). */
function drawn(random: RandomStream): GradientSquares {
  const micros = Array.from({ length: sizes.batchSize / sizes.microBatch }, () =>
    mean.map((m, i) => m + (deviations[i]! * random.normal()) / Math.sqrt(sizes.microBatch)),
  );
  const whole = mean.map((_, i) => sum(micros.map((g) => g[i]!)) / micros.length);
  return { gradSquare: square(whole), microSquare: sum(micros.map(square)) / micros.length };
}

const termsAfter = (steps: number, random: RandomStream): NoiseTerms =>
  Array.from({ length: steps }).reduce<NoiseTerms>((terms) => noiseAfter(terms, drawn(random), sizes), noTerms);

/** The mean over independent runs, and how far it may lie from the truth by chance. */
function averaged(values: readonly number[]) {
  const average = sum(values) / values.length;
  const variance = sum(values.map((v) => (v - average) ** 2)) / (values.length - 1);
  return { average, error: Math.sqrt(variance / values.length) };
}

describe('the noise scale', () => {
  it.each([1, 3, 60])('has unbiased terms after %d steps, the first of them included', (steps) => {
    const estimates = Array.from(
      { length: 400 },
      (_, index) =>
        noiseEstimate(termsAfter(steps, new RandomStream({ seed: 5, purpose: 'noise', step: steps, index })))!,
    );
    const signal = averaged(estimates.map((e) => e.signal));
    const noise = averaged(estimates.map((e) => e.noise));
    for (const [found, expected] of [
      [signal, truth.signal],
      [noise, truth.noise],
    ] as const) {
      expect(Math.abs(found.average - expected)).toBeLessThan(4 * found.error);
      expect(found.error).toBeLessThan(0.06 * expected);
    }
    const relative = Math.hypot(signal.error / signal.average, noise.error / noise.average);
    const scale = noise.average / signal.average / (truth.noise / truth.signal);
    expect(Math.abs(scale - 1)).toBeLessThan(4 * relative);
  });

  it('is that of the one step after one step', () => {
    const terms = noiseAfter(noTerms, { gradSquare: 3, microSquare: 10 }, { batchSize: 8, microBatch: 2 });
    const found = noiseEstimate(terms)!;
    expect(found.signal).toBeCloseTo((8 * 3 - 2 * 10) / 6, 12);
    expect(found.noise).toBeCloseTo(7 / (1 / 2 - 1 / 8), 12);
    expect(found.scale).toBeCloseTo(28, 10);
  });

  it('is not known from a single micro-batch, nor while the signal is lost in the noise', () => {
    expect(noiseAfter(noTerms, { gradSquare: 3 }, { batchSize: 8, microBatch: 8 })).toBe(noTerms);
    expect(noiseEstimate(noTerms)).toBeUndefined();
    const lost = noiseAfter(noTerms, { gradSquare: 1, microSquare: 10 }, { batchSize: 8, microBatch: 2 });
    expect(noiseEstimate(lost)).not.toHaveProperty('scale');
  });
});
