/** Normal, Student's t and F: what intervals and tests are made of. Relative errors of tails are about 1e-13 (see the tests, against SciPy). */

/** log Γ(x) for x > 0 (Lanczos, g = 7). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const at = x - 1;
  const sum = terms.reduce((s, c, i) => s + c / (at + i + 1), 0.99999999999980993);
  const t = at + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (at + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Evaluates b0 + a1/(b1 + a2/(b2 + ...)) from the front (the modified method of Lentz). */
function continuedFraction(b0: number, term: (n: number) => readonly [a: number, b: number]): number {
  const tiny = 1e-300;
  let f = b0 === 0 ? tiny : b0;
  let [c, d] = [f, 0];
  for (let n = 1; n < 10_000; n++) {
    const [a, b] = term(n);
    d = 1 / (b + a * d || tiny);
    c = b + a / c || tiny;
    f *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return f;
}

/** The regularized incomplete beta function I_x(a, b) for 0 <= x <= 1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mode only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const fraction = continuedFraction(1, (n) => {
    const m = n >> 1;
    const odd = n % 2 === 1;
    const top = odd ? -(a + m) * (a + b + m) * x : m * (b - m) * x;
    return [top / ((a + n - 1) * (a + n)), 1];
  });
  return front / fraction;
}

/** Φ(x). */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let upper: number;
  if (z < 2) {
    let [sum, term] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    upper = 0.5 - (Math.exp(-z * z) * sum) / Math.sqrt(Math.PI);
  } else upper = Math.exp(-z * z) / (2 * Math.sqrt(Math.PI) * continuedFraction(z, (n) => [n / 2, z]));
  return x > 0 ? 1 - upper : upper;
}

/** P(T <= t) of Student's t with `degrees` of freedom, infinite for the normal distribution. */
export function studentCdf(t: number, degrees: number): number {
  if (t === Number.POSITIVE_INFINITY) return 1;
  if (t === Number.NEGATIVE_INFINITY) return 0;
  if (!Number.isFinite(degrees)) return normalCdf(t);
  const tail = 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/** P(F <= f) with d1 and d2 degrees of freedom. */
export const fCdf = (f: number, d1: number, d2: number): number =>
  f <= 0 ? 0 : incompleteBeta((d1 * f) / (d1 * f + d2), d1 / 2, d2 / 2);

/** The x >= 0 with cdf(x) = p, by bisection. */
function positiveQuantile(p: number, cdf: (x: number) => number): number {
  let [low, high] = [0, 1];
  while (cdf(high) < p && high < 1e300) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The t below which Student's distribution has share p. */
export function studentQuantile(p: number, degrees: number): number {
  if (p === 0.5) return 0;
  return p < 0.5 ? -studentQuantile(1 - p, degrees) : positiveQuantile(p, (t) => studentCdf(t, degrees));
}

/** The F below which its distribution has share p. */
export const fQuantile = (p: number, d1: number, d2: number): number => positiveQuantile(p, (f) => fCdf(f, d1, d2));

/** E[g(s)] for s = sqrt(χ²/degrees), an estimated over a true standard deviation: by Simpson's rule. */
export function overEstimatedDeviation(degrees: number, g: (s: number) => number): number {
  if (!Number.isFinite(degrees)) return g(1);
  const constant = (degrees / 2) * Math.log(degrees / 2) - logGamma(degrees / 2) + Math.LN2;
  const density = (s: number) =>
    s === 0
      ? degrees === 1
        ? Math.exp(constant)
        : 0
      : Math.exp(constant + (degrees - 1) * Math.log(s) - (degrees * s * s) / 2);
  const width = 8 / Math.sqrt(2 * degrees);
  const [from, to] = [Math.max(0, 1 - width), 1 + 1.5 * width];
  const intervals = 300;
  let sum = 0;
  for (let i = 0; i <= intervals; i++) {
    const s = from + ((to - from) * i) / intervals;
    sum += (i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2) * density(s) * g(s);
  }
  return (sum * (to - from)) / (3 * intervals);
}
