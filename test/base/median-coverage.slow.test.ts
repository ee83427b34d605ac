/** How often the interval that is called 95 % holds the true median: in simulation, at the numbers of images that reports have. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { medianInterval } from '../../src/base/statistics.ts';

/** The standard error of a coverage is one percentage point. */
const trials = 500;

/** By a value that is symmetric around 0. */
const laws = {
  'a normal': { of: (z: number) => z, median: 0 },
  // As ratios of growth are: a factor of e in one standard deviation.
  'a log-normal, which is skewed,': { of: (z: number) => Math.exp(z), median: 1 },
} as const;

describe.each(Object.entries(laws))('the interval of the median of %s law', (_, { of, median }) => {
  it.each([20, 50, 100])('covers it in 92 to 98 of 100 samples of %i', (size) => {
    let [covered, below] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const stream = new RandomStream({ seed: trial, purpose: 'coverage' });
      const values = Array.from(stream.fillNormal(new Float32Array(size)), of);
      const { value, low, high } = medianInterval(values, trial)!;
      expect(low <= value && value <= high).toBe(true);
      if (low <= median && median <= high) covered++;
      else if (high < median) below++;
    }
    expect(covered / trials).toBeGreaterThan(0.92);
    expect(covered / trials).toBeLessThan(0.98);
    // Neither end alone takes all the misses.
    expect(below / trials).toBeLessThan(0.06);
    expect(1 - (covered + below) / trials).toBeLessThan(0.06);
  });
});
