import { SpectralDensity } from '../../../linalg/index.ts';
import type { CurvatureDensity } from '../../../stability/index.ts';

/** A density of eigenvalues, smoothed, as a curve for a logarithmic axis. */
export interface DensityCurve {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Lower end of the axis: a fifth of the peak that one eigenvalue alone would make. What is below is cut off. */
  readonly floor: number;
}

/** The range of all nodes of a density, 0 included. */
export function nodeRange({ rules }: CurvatureDensity): readonly [number, number] {
  const nodes = rules.flatMap((r) => r.nodes);
  return [Math.min(0, ...nodes), Math.max(0, ...nodes)];
}

/** How finely a range is drawn: a hundredth of it. */
export const fineWidth = ([low, high]: readonly [number, number]): number =>
  Math.max((high - low) / 100, Number.MIN_VALUE);

/** The same within a bulk, but at least half the median distance of a rule's nodes there: what is finer shows the nodes, not the spectrum. */
export function bulkWidth({ rules }: CurvatureDensity, [low, high]: readonly [number, number]): number {
  const gaps = rules
    .flatMap(({ nodes }) => {
      const within = nodes.filter((x) => x >= low && x <= high);
      return within.slice(1).map((x, i) => within[i]! - x);
    })
    .sort((a, b) => a - b);
  return Math.max(fineWidth([low, high]), 0.5 * (gaps[gaps.length >> 1] ?? 0));
}

/** The density smoothed with Gaussians of standard deviation `width`, at `count` points of [low, high]; integrates to 1 over all eigenvalues. */
export function densityCurve(
  { rules }: CurvatureDensity,
  parameters: number,
  [low, high]: readonly [number, number],
  { width = fineWidth([low, high]), count = 600 }: { width?: number; count?: number } = {},
): DensityCurve {
  const density = new SpectralDensity(
    parameters,
    rules.map(({ nodes, weights }) => ({ nodes: Float64Array.from(nodes), weights: Float64Array.from(weights) })),
  );
  const grid = Float64Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
  const floor = 0.2 / (parameters * width * Math.sqrt(2 * Math.PI));
  const heights = density.smoothed(grid, width);
  return { points: Array.from(grid, (x, i) => ({ x, y: Math.max(floor, heights[i]!) })), floor };
}
