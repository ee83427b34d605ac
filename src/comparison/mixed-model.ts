import { type Effect, studentEffect } from '../verdict/index.ts';

/** y = X β + u_group + noise: a linear mixed model with a random intercept for each group. */
export interface MixedModel {
  readonly coefficients: readonly number[];
  /** Of the coefficients. */
  readonly covariance: readonly (readonly number[])[];
  /** Of the tests of coefficients that vary within groups: observations less coefficients less groups, plus one. */
  readonly degrees: number;
  /** Of the noise, and of the groups' intercepts. */
  readonly variance: number;
  readonly groupVariance: number;
  readonly count: number;
}

/** Cholesky factor of a symmetric matrix; null where a pivot is lost in rounding: the columns depend on each other. */
function cholesky(matrix: readonly (readonly number[])[]): number[][] | null {
  const n = matrix.length;
  const factor = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!;
      if (i === j) {
        if (!(sum > 1e-10 * matrix[i]![i]!)) return null;
        factor[i]![i] = Math.sqrt(sum);
      } else factor[i]![j] = sum / factor[j]![j]!;
    }
  return factor;
}

function solve(factor: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const y = [...right];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) y[i]! -= factor[i]![k]! * y[k]!;
    y[i]! /= factor[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) y[i]! -= factor[k]![i]! * y[k]!;
    y[i]! /= factor[i]![i]!;
  }
  return y;
}

/** Generalized least squares for a given ratio of the groups' variance to the noise: V = I + ratio J in each group, whose inverse is closed. */
function leastSquares(
  y: readonly number[],
  x: readonly (readonly number[])[],
  groups: readonly (readonly number[])[],
  ratio: number,
) {
  const p = x[0]!.length;
  const gram = Array.from({ length: p }, () => new Array<number>(p).fill(0));
  const right = new Array<number>(p).fill(0);
  let [square, logDeterminant] = [0, 0];
  for (const members of groups) {
    const shrink = ratio / (1 + members.length * ratio);
    logDeterminant += Math.log1p(members.length * ratio);
    const sums = new Array<number>(p).fill(0);
    let total = 0;
    for (const i of members) {
      total += y[i]!;
      square += y[i]! ** 2;
      for (let a = 0; a < p; a++) {
        sums[a]! += x[i]![a]!;
        right[a]! += x[i]![a]! * y[i]!;
        for (let b = 0; b <= a; b++) gram[a]![b]! += x[i]![a]! * x[i]![b]!;
      }
    }
    square -= shrink * total * total;
    for (let a = 0; a < p; a++) {
      right[a]! -= shrink * sums[a]! * total;
      for (let b = 0; b <= a; b++) gram[a]![b]! -= shrink * sums[a]! * sums[b]!;
    }
  }
  const factor = cholesky(gram);
  if (!factor) return null;
  const coefficients = solve(factor, right);
  const residual = Math.max(0, square - coefficients.reduce((s, c, i) => s + c * right[i]!, 0));
  const freedom = y.length - p;
  const logGram = 2 * factor.reduce((s, row, i) => s + Math.log(row[i]!), 0);
  // -2 log of the restricted likelihood, without constants.
  const objective = freedom * Math.log(residual / freedom || Number.MIN_VALUE) + logDeterminant + logGram;
  return { coefficients, factor, variance: residual / freedom, objective };
}

/**
 * Fits by restricted maximum likelihood (REML): the ratio of variances by search, everything else in closed form. Columns should be of like size and centred, so that nothing is lost in
 * rounding. Null where the columns depend on each other, or where nothing is left for the noise.
 *
 * @param x Rows of regressors, a constant among them.
 * @param groups The group of each row.
 */
export function fitMixedModel(
  y: readonly number[],
  x: readonly (readonly number[])[],
  groups: readonly (number | string)[],
): MixedModel | null {
  const n = y.length;
  const names = [...new Set(groups)];
  const p = x[0]?.length ?? 0;
  const degrees = n - p - (names.length - 1);
  if (p === 0 || degrees < 1) return null;
  const members = names.map((g) => groups.flatMap((h, i) => (h === g ? [i] : [])));
  const at = (ratio: number) => leastSquares(y, x, members, ratio);
  if (!at(0)) return null;
  const objective = (logRatio: number) => at(Math.exp(logRatio))?.objective ?? Number.POSITIVE_INFINITY;
  const grid = Array.from({ length: 29 }, (_, i) => i - 18);
  const values = grid.map(objective);
  const best = values.reduce((b, v, i) => (v < values[b]! ? i : b), 0);
  let [low, high] = [grid[Math.max(0, best - 1)]!, grid[Math.min(grid.length - 1, best + 1)]!];
  for (let i = 0; i < 60; i++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (objective(a) < objective(b)) high = b;
    else low = a;
  }
  const found = Math.exp((low + high) / 2);
  const ratio = names.length > 1 && at(found)!.objective < at(0)!.objective ? found : 0;
  const { coefficients, factor, variance } = at(ratio)!;
  const covariance = coefficients.map((_, i) => solve(factor, unit(p, i)).map((c) => variance * c));
  return { coefficients, covariance, degrees, variance, groupVariance: ratio * variance, count: n };
}

const unit = (n: number, at: number) => Array.from({ length: n }, (_, i) => (i === at ? 1 : 0));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The sum of coefficients, each times its weight, with its intervals: what changes where several regressors change together. */
export const combinedEffect = (
  { coefficients, covariance, degrees, count }: MixedModel,
  weights: readonly number[],
): Effect =>
  studentEffect({
    estimate: dot(weights, coefficients),
    standardError: Math.sqrt(
      dot(
        weights,
        covariance.map((row) => dot(row, weights)),
      ),
    ),
    degrees,
    scale: 'difference',
    count,
  });

/** A coefficient with its intervals. */
export const coefficientEffect = (model: MixedModel, at: number): Effect =>
  combinedEffect(model, unit(model.coefficients.length, at));
