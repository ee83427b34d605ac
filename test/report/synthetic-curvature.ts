import type { CurvatureResult } from '../../src/stability/index.ts';

export const curvatureDensity: NonNullable<CurvatureResult['density']> = {
  probes: 2,
  steps: 3,
  tolerance: 1e-3,
  below: { value: 0.1, standardError: 0.02 },
  zero: { value: 0.7, standardError: 0.05 },
  above: { value: 0.2, standardError: 0.03 },
  negativeMass: { value: 0.04, standardError: 0.01, interval: { low: 0, high: 0.167 } },
  rules: [
    { nodes: [10, 0.1, -0.5], weights: [0.00005, 0.89995, 0.1] },
    { nodes: [10, 0.2, -0.4], weights: [0.0001, 0.8999, 0.1] },
  ],
};

/** A whole result of `ballast curvature`, made up. */
export const syntheticCurvature: CurvatureResult = {
  model: 'net<1>',
  weights: 'a & b',
  dataset: 'shapes',
  split: 'train',
  examples: 200,
  images: '0-199',
  parameters: 10_000,
  loss: 0.25,
  gradientNorm: 0.5,
  eigenvalues: [
    { value: 10, residual: 2e-6 },
    { value: 4, residual: 5e-5 },
  ],
  smallest: [{ value: -0.5, residual: 1e-5 }],
  wanted: { largest: 2, smallest: 1 },
  trace: { value: 130, standardError: 4, probes: 2 },
  meanEigenvalue: { value: 0.13, standardError: 0.004 },
  density: curvatureDensity,
  products: 43,
  microBatch: 64,
  seed: 0,
  seconds: 12,
  environment: { ballast: '0', node: '20', device: 'cpu', threads: 2, cpu: 'cpu', date: '2026-01-02T03:04:05.678Z' },
};
