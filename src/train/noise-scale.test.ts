import { describe, expect, it } from 'vitest';
import { RandomStream } from '../random.ts';
import { type NoiseTerms, noiseScaleOf, noiseTermsAfter, noNoiseTerms } from './noise-scale.ts';

describe('the gradient noise scale', () => {
  it('comes out as tr Σ / |G|² of gradients that are drawn with these', () => {
    const random = new RandomStream({ seed: 1, purpose: 'test' });
    // 50 components, true gradient (0.2, ..., 0.2), standard deviation 1 for a single example.
    const [size, mean, batchSize, microBatch] = [50, 0.2, 64, 8];
    const [signal, noise] = [size * mean ** 2, size];
    let terms: NoiseTerms = noNoiseTerms;
    const sums = { signal: 0, noise: 0, scale: 0 };
    const [steps, settled] = [3000, 200];
    for (let step = 0; step < steps; step++) {
      const whole = new Float64Array(size);
      let microSquare = 0;
      for (let micro = 0; micro < batchSize / microBatch; micro++) {
        let square = 0;
        for (let i = 0; i < size; i++) {
          const g = mean + random.normal() / Math.sqrt(microBatch);
          whole[i]! += (g * microBatch) / batchSize;
          square += g * g;
        }
        microSquare += (square * microBatch) / batchSize;
      }
      const gradSquare = whole.reduce((s, g) => s + g * g, 0);
      terms = noiseTermsAfter(terms, { batchSize, microBatch, gradSquare, microSquare });
      if (step < settled) continue;
      sums.signal += terms.signal / terms.weight / (steps - settled);
      sums.noise += terms.noise / terms.weight / (steps - settled);
      sums.scale += noiseScaleOf(terms)! / (steps - settled);
    }
    expect(sums.signal / signal).toBeCloseTo(1, 1);
    expect(sums.noise / noise).toBeCloseTo(1, 1);
    expect(Math.abs(sums.scale / (noise / signal) - 1)).toBeLessThan(0.15);
  });

  it('is unknown where the batch is one micro-batch, or the signal is lost', () => {
    const alone = noiseTermsAfter(noNoiseTerms, { batchSize: 8, microBatch: 8, gradSquare: 1 });
    expect(noiseScaleOf(alone)).toBeUndefined();
    const lost = noiseTermsAfter(noNoiseTerms, { batchSize: 16, microBatch: 8, gradSquare: 1, microSquare: 3 });
    expect(lost.signal).toBeLessThan(0);
    expect(noiseScaleOf(lost)).toBeUndefined();
  });
});
