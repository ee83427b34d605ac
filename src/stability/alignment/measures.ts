import { meanOf } from '../../base/statistics.ts';
import type { AlignmentMatrices, RepresentationPath, UnitMatrix } from './result.ts';

type Vector = Float64Array | Float32Array;

/** An orthonormal basis of a subspace. */
export type Subspace = readonly Vector[];

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * ‖XᵀY‖_F / √k of two subspaces of dimension k: the root mean square cosine of their canonical angles. Random ones of n dimensions have k/n
 * as the mean of its square.
 */
export function subspaceCosine(x: Subspace, y: Subspace): number {
  let sum = 0;
  for (const a of x) for (const b of y) sum += dot(a, b) ** 2;
  return Math.sqrt(sum / Math.max(1, Math.min(x.length, y.length)));
}

/** The leading singular triplets of one branch. */
export interface TopTriplets {
  readonly values: readonly number[];
  readonly left: Subspace;
  readonly right: Subspace;
}

/** All matrices of a stage. `images[i][j]`: J_i applied to the right vectors of unit j. */
export function alignmentMatrices(
  units: readonly TopTriplets[],
  images: readonly (readonly (readonly Vector[])[])[],
): AlignmentMatrices {
  const matrix = (entry: (i: number, j: number) => number): UnitMatrix =>
    units.map((_, i) => units.map((__, j) => entry(i, j)));
  return {
    leftRight: matrix((i, j) => subspaceCosine(units[i]!.left, units[j]!.right)),
    leftLeft: matrix((i, j) => subspaceCosine(units[i]!.left, units[j]!.left)),
    rightRight: matrix((i, j) => subspaceCosine(units[i]!.right, units[j]!.right)),
    paired: matrix((i, j) => {
      const total = units[i]!.values.reduce((s, v) => s + v, 0);
      const sum = units[j]!.left.reduce((s, u, m) => s + dot(u, images[i]![j]![m]!), 0);
      return total > 0 ? sum / total : 0;
    }),
  };
}

/** Mean of the entries for which `wanted` holds; NaN where there is none. */
export function meanOver(matrix: UnitMatrix, wanted: (i: number, j: number) => boolean): number {
  let [sum, count] = [0, 0];
  matrix.forEach((row, i) => {
    row.forEach((value, j) => {
      if (!wanted(i, j)) return;
      sum += value;
      count++;
    });
  });
  return sum / count;
}

/** Entry by entry. */
export function meanMatrix(matrices: readonly UnitMatrix[]): UnitMatrix {
  return matrices[0]!.map((row, i) => row.map((_, j) => matrices.reduce((s, m) => s + m[i]![j]!, 0) / matrices.length));
}

/** How the points h_0 .. h_L, at least two, lie along a line. A way on which nothing moves counts as straight; steps of length 0 turn nowhere. */
export function representationPath(points: readonly Vector[]): RepresentationPath {
  const steps = points.slice(1).map((h, l) => Float64Array.from(h, (x, i) => x - points[l]![i]!));
  const lengths = steps.map((d) => Math.sqrt(dot(d, d)));
  const total = lengths.reduce((s, x) => s + x, 0);
  const share = (length: number) => (total > 0 ? length / total : 1);
  const end = Float64Array.from(points.at(-1)!, (x, i) => x - points[0]![i]!);
  const mean = total / lengths.length;
  const variance = lengths.reduce((s, x) => s + (x - mean) ** 2, 0) / lengths.length;
  const cosines = steps.slice(1).flatMap((d, l) => {
    const sizes = lengths[l]! * lengths[l + 1]!;
    return sizes > 0 ? [dot(d, steps[l]!) / sizes] : [];
  });
  return {
    steps: lengths,
    straightness: share(Math.sqrt(dot(end, end))),
    orthogonalStraightness: share(Math.sqrt(lengths.reduce((s, x) => s + x * x, 0))),
    spacingVariation: mean > 0 ? Math.sqrt(variance) / mean : 0,
    turning: cosines.length ? meanOf(cosines) : null,
  };
}
