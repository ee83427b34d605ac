import { SpectralDensity } from '../linalg/index.ts';
import type { CurvatureDensity } from '../stability/index.ts';

/** A density of eigenvalues, smoothed, as a curve for a logarithmic axis. */
export interface DensityCurve {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Standard deviation of the Gaussians. */
  readonly width: number;
  /** Lower end of the axis: a fifth of the peak that one eigenvalue alone would make. What is below is cut off. */
  readonly floor: number;
}

/** The range of all nodes of a density, 0 included. */
export function nodeRange({ rules }: CurvatureDensity): readonly [number, number] {
  const nodes = rules.flatMap((r) => r.nodes);
  return [Math.min(0, ...nodes), Math.max(0, ...nodes)];
}

/** The density at `count` points of [low, high], as Gaussians of a hundredth of that width; integrates to 1 over all eigenvalues. */
export function densityCurve(
  { rules }: CurvatureDensity,
  parameters: number,
  [low, high]: readonly [number, number],
  count = 600,
): DensityCurve {
  const width = Math.max((high - low) / 100, Number.MIN_VALUE);
  const density = new SpectralDensity(
    parameters,
    rules.map(({ nodes, weights }) => ({ nodes: Float64Array.from(nodes), weights: Float64Array.from(weights) })),
  );
  const grid = Float64Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
  const floor = 0.2 / (parameters * width * Math.sqrt(2 * Math.PI));
  const heights = density.smoothed(grid, width);
  return { points: Array.from(grid, (x, i) => ({ x, y: Math.max(floor, heights[i]!) })), width, floor };
}
