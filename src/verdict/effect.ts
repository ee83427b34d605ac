import { meanOf } from '../base/statistics.ts';
import { studentCdf, studentQuantile } from './distributions.ts';

/** What a number is: `difference`s are compared with 0, `ratio`s are kept as their logarithm while judged, and shown as ratios. */
export type Scale = 'difference' | 'ratio';

/**
 * An estimated quantity with all its confidence intervals: `atMost(x)` is the confidence that the true value is at most x, which is the one-sided p
 * value of the hypothesis that it is at most x. Intervals are its quantiles, tests are its values, so the two never contradict each other.
 */
export interface Effect {
  /** Logarithm of it for a ratio. */
  readonly estimate: number;
  readonly scale: Scale;
  readonly atMost: (x: number) => number;
  /** The inverse of it, where there is a closed form. */
  readonly quantile?: (p: number) => number;
  /** Degrees of freedom behind the interval; infinite for a known variance. */
  readonly degrees: number;
  /** Measured, or from the interval's width; for power. */
  readonly standardError: number;
  /** Observations behind it. */
  readonly count: number;
}

/** An effect as it is printed and stored: on its own scale (a ratio is a ratio); null ends are unbounded. */
export interface EffectSize {
  readonly scale: Scale;
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
  /** 0.95: of the interval. */
  readonly level: number;
  readonly count: number;
}

/** An estimate whose error over its standard error has Student's t distribution. */
export function studentEffect(given: {
  readonly estimate: number;
  readonly standardError: number;
  readonly degrees: number;
  readonly scale: Scale;
  readonly count: number;
}): Effect {
  const { estimate, standardError, degrees } = given;
  return {
    ...given,
    quantile: (p) => estimate + standardError * studentQuantile(p, degrees),
    atMost: (x) =>
      standardError > 0
        ? studentCdf((x - estimate) / standardError, degrees)
        : x > estimate
          ? 1
          : x < estimate
            ? 0
            : 0.5,
  };
}

const squaresOf = (values: readonly number[]) => {
  const mean = meanOf(values);
  return values.reduce((s, v) => s + (v - mean) ** 2, 0);
};

/** The mean of values (of paired differences, of log ratios): Student's t. Null with fewer than two. */
export function meanEffect(values: readonly number[], scale: Scale = 'difference'): Effect | null {
  const n = values.length;
  if (n < 2) return null;
  const standardError = Math.sqrt(squaresOf(values) / (n - 1) / n);
  return studentEffect({ estimate: meanOf(values), standardError, degrees: n - 1, scale, count: n });
}

/** Mean of b less mean of a, variances unequal (Welch). Null where either has fewer than two. For a ratio pass logarithms. */
export function differenceEffect(
  a: readonly number[],
  b: readonly number[],
  scale: Scale = 'difference',
): Effect | null {
  if (a.length < 2 || b.length < 2) return null;
  const [va, vb] = [a, b].map((v) => squaresOf(v) / (v.length - 1) / v.length) as [number, number];
  const sum = va + vb;
  const degrees = sum > 0 ? sum ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1)) : a.length + b.length - 2;
  return studentEffect({
    estimate: meanOf(b) - meanOf(a),
    standardError: Math.sqrt(sum),
    degrees,
    scale,
    count: a.length + b.length,
  });
}

/** An effect whose interval was found otherwise, such as a profile likelihood: `atMost` is its confidence distribution. */
export function profileEffect(given: Omit<Effect, 'standardError'>): Effect {
  const [low, high] = intervalOf({ ...given, standardError: Number.NaN }, 0.6827);
  return { ...given, standardError: (high - low) / 2 };
}

/** The central interval of confidence `level`, on the effect's inner scale; ends may be infinite. */
export function intervalOf(effect: Effect, level = 0.95): readonly [low: number, high: number] {
  const tail = (1 - level) / 2;
  return [quantileOf(effect, tail), quantileOf(effect, 1 - tail)];
}

const farthest = 700;

function quantileOf({ atMost, quantile, estimate, standardError, degrees }: Effect, p: number): number {
  if (standardError === 0) return estimate;
  if (quantile) return quantile(p);
  let width = Number.isFinite(standardError)
    ? Math.max(Math.abs(studentQuantile(p, degrees)), 1) * standardError
    : 1e-3 * Math.max(1, Math.abs(estimate));
  const side = p < 0.5 ? -1 : 1;
  const outside = (x: number) => (side < 0 ? atMost(x) <= p : atMost(x) >= p);
  while (!outside(estimate + side * width)) {
    width *= 2;
    if (width > farthest * Math.max(1, Math.abs(estimate), Number.isFinite(standardError) ? standardError : 0))
      return side * Number.POSITIVE_INFINITY;
  }
  let [inner, outer] = [0, width];
  for (let i = 0; i < 26; i++) {
    const middle = (inner + outer) / 2;
    if (outside(estimate + side * middle)) outer = middle;
    else inner = middle;
  }
  return estimate + side * outer;
}

/** As it is printed: a ratio as such, unbounded ends as null. */
export function effectSize(effect: Effect, level = 0.95): EffectSize {
  const shown = (x: number) => (effect.scale === 'ratio' ? Math.exp(x) : x);
  const [low, high] = intervalOf(effect, level);
  return {
    scale: effect.scale,
    estimate: shown(effect.estimate),
    low: low === Number.NEGATIVE_INFINITY ? (effect.scale === 'ratio' ? 0 : null) : shown(low),
    high: high === Number.POSITIVE_INFINITY ? null : shown(high),
    level,
    count: effect.count,
  };
}

/** Two-sided p of the chance in one tail: below `alpha` where the 95 % interval ends before what is tested. */
export const twoSided = (tail: number): number => Math.min(1, 2 * tail);

/** Two-sided p value of the hypothesis that the true value is x. */
export function pValue(effect: Effect, x = 0): number {
  const below = effect.atMost(x);
  return twoSided(Math.min(below, 1 - below));
}
