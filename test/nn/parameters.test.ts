import { describe, expect, it } from 'vitest';
import { type Initializer, initialize } from '../../src/nn/parameters.ts';
import { toNumbers } from '../../src/onnx/index.ts';

/** Standard deviation and largest absolute value of 64 x 32 x 3 x 3 draws. */
function spread(init: Initializer, shape: readonly number[] = [64, 32, 3, 3]) {
  const values = toNumbers(initialize([{ name: 'w', shape, init, trainable: true }], 0).get('w')!);
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length);
  return { mean, deviation, largest: Math.max(...values.map(Math.abs)) };
}

describe('a fresh parameter', () => {
  it.each([
    ['kaimingNormal', Math.sqrt(2 / (32 * 9))],
    ['kaimingNormalFanOut', Math.sqrt(2 / (64 * 9))],
    ['uniformFanIn', 1 / Math.sqrt(3 * 32 * 9)],
    [{ normal: 0.02 }, 0.02],
    [{ uniform: 0.1 }, 0.1 / Math.sqrt(3)],
  ] as const)('of %j has the standard deviation of the rule, %d, and mean 0', (init, expected) => {
    const { mean, deviation } = spread(init);
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean)).toBeLessThan(0.03 * expected);
  });

  it('of a uniform rule stays within its bound and comes close to it', () => {
    expect(spread({ uniform: 0.1 }).largest).toBeLessThanOrEqual(Math.fround(0.1));
    expect(spread({ uniform: 0.1 }).largest).toBeGreaterThan(0.0999);
    expect(spread('uniformFanIn').largest).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(288)));
  });

  it('counts as fan-out the filters times the kernel, as PyTorch does for grouped convolutions, too', () => {
    const { deviation } = spread('kaimingNormalFanOut', [512, 1, 3, 3]);
    expect(Math.abs(deviation / Math.sqrt(2 / (512 * 9)) - 1)).toBeLessThan(0.05);
  });
});
