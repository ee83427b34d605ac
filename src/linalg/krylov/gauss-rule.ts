import { BallastError } from '../../base/errors.ts';

/** Points and positive weights that sum to 1; nodes ascending. */
export interface QuadratureRule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss rule of a Jacobi matrix (Golub, Welsch 1969): its eigenvalues and the squares of the first components of their eigenvectors, by
 * implicit QL in O(m²). `beside` holds m - 1 entries.
 */
export function gaussRule(diagonal: ArrayLike<number>, beside: ArrayLike<number>): QuadratureRule {
  const m = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(m);
  e.set(Float64Array.from(beside).subarray(0, m - 1));
  const first = new Float64Array(m);
  first[0] = 1;
  for (let l = 0; l < m; l++) {
    for (let iteration = 0; ; iteration++) {
      let end = l;
      while (end < m - 1 && Math.abs(e[end]!) > Number.EPSILON * (Math.abs(d[end]!) + Math.abs(d[end + 1]!))) end++;
      if (end === l) break;
      if (iteration === 60) throw new BallastError(`the QL iteration did not converge at node ${l + 1} of ${m}`);
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[end]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = end - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        const w = first[i + 1]!;
        first[i + 1] = s * first[i]! + c * w;
        first[i] = c * first[i]! - s * w;
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[end] = 0;
    }
  }
  const order = Array.from(d.keys()).sort((a, b) => d[a]! - d[b]!);
  return {
    nodes: Float64Array.from(order, (i) => d[i]!),
    weights: Float64Array.from(order, (i) => first[i]! ** 2),
  };
}

/**
 * Gauss-Radau rule with a node at `at`: the Jacobi matrix with one row more, whose diagonal entry makes `at` an eigenvalue (Golub 1973). `next` is the
 * entry that couples the last row to the one that follows. Where `at` lies within the spectrum its weight is the largest that any measure with the same
 * moments can have there, and what the rule has below and above are lower bounds (Chebyshev, Markov, Stieltjes).
 */
export function radauRule(
  diagonal: ArrayLike<number>,
  beside: ArrayLike<number>,
  next: number,
  at: number,
): QuadratureRule {
  const m = diagonal.length;
  let largest = Math.abs(next);
  for (let i = 0; i < m; i++) largest = Math.max(largest, Math.abs(diagonal[i]!));
  // Pivots of the triangular factors of T - at; the last entry of (T - at)⁻¹ e_m is one over the last of them.
  let pivot = diagonal[0]! - at;
  const tiny = Number.EPSILON * Math.max(largest, Math.abs(at), Number.MIN_VALUE);
  const safe = (x: number) => (Math.abs(x) < tiny ? tiny : x);
  for (let i = 1; i < m; i++) pivot = diagonal[i]! - at - beside[i - 1]! ** 2 / safe(pivot);
  if (next === 0) return gaussRule(diagonal, beside);
  return gaussRule(
    [...Array.from(diagonal), at + next ** 2 / safe(pivot)],
    [...Array.from(beside).slice(0, m - 1), next],
  );
}
