import { BallastError } from '../base/errors.ts';

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** The absolute value of a complex number. */
export const modulus = ({ re, im }: Complex): number => Math.hypot(re, im);

/** Francis steps without a deflation after which the iteration counts as failed; two or three are usual. */
const mostSteps = 100;

/** ‖A‖_F of a row-major matrix. */
export function frobenius(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * a[i]!;
  return Math.sqrt(sum);
}

/**
 * The upper Hessenberg form Qᵀ A Q of a square matrix (row-major, n x n, left as it is) by Householder reflections: 10/3 n³ operations.
 * Its eigenvalues are those of A; entries below the first subdiagonal are exactly zero.
 */
export function toHessenberg(a: Float64Array, n: number): Float64Array {
  const h = a.slice();
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    let size = 0;
    for (let i = k + 1; i < n; i++) size += h[i * n + k]! ** 2;
    size = Math.sqrt(size);
    if (size === 0) continue;
    const first = h[(k + 1) * n + k]!;
    const image = first > 0 ? -size : size;
    for (let i = k + 1; i < n; i++) v[i] = h[i * n + k]!;
    v[k + 1] = first - image;
    // 2 / vᵀv
    const beta = 1 / (size * (size + Math.abs(first)));
    h[(k + 1) * n + k] = image;
    for (let i = k + 2; i < n; i++) h[i * n + k] = 0;
    // From the left, on the columns behind k.
    w.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const x = beta * v[i]!;
      if (x !== 0) for (let j = k + 1, p = i * n + k + 1; j < n; j++, p++) w[j]! += x * h[p]!;
    }
    for (let i = k + 1; i < n; i++) {
      const x = v[i]!;
      if (x !== 0) for (let j = k + 1, p = i * n + k + 1; j < n; j++, p++) h[p]! -= x * w[j]!;
    }
    // From the right, on all rows.
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = k + 1, p = i * n + k + 1; j < n; j++, p++) sum += h[p]! * v[j]!;
      sum *= beta;
      for (let j = k + 1, p = i * n + k + 1; j < n; j++, p++) h[p]! -= sum * v[j]!;
    }
  }
  return h;
}

/** Eigenvalues of [[a, b], [c, d]], without cancellation. */
function pairOf(a: number, b: number, c: number, d: number): [Complex, Complex] {
  const half = (a - d) / 2;
  const square = half * half + b * c;
  if (square < 0) {
    const im = Math.sqrt(-square);
    return [
      { re: d + half, im },
      { re: d + half, im: -im },
    ];
  }
  const z = half + (half < 0 ? -1 : 1) * Math.sqrt(square);
  return [
    { re: d + z, im: 0 },
    { re: z === 0 ? d : d - (b * c) / z, im: 0 },
  ];
}

/**
 * I - beta v vᵀ that takes (x, y, z) to a multiple of the first unit vector, v = (1, p, q); undefined where there is nothing to do.
 * The largest entry is divided out, so that squares neither overflow nor vanish.
 */
function reflector(x: number, y: number, z: number): { p: number; q: number; beta: number } | undefined {
  const scale = Math.max(Math.abs(x), Math.abs(y), Math.abs(z));
  if (y === 0 && z === 0) return undefined;
  const [a, b, c] = [x / scale, y / scale, z / scale];
  const size = Math.sqrt(a * a + b * b + c * c);
  const first = a + (a < 0 ? -size : size);
  return { p: b / first, q: c / first, beta: Math.abs(first) / size };
}

/**
 * All eigenvalues of an upper Hessenberg matrix (row-major, n x n, left as it is), complex pairs next to each other, by the implicit
 * double-shift QR iteration of Francis (1961) in real arithmetic. About 8 n³ operations: a second at n = 500, half a minute at 1500.
 * The values are those of a matrix within some eps ‖H‖ of H. Throws BallastError where the iteration does not converge.
 */
export function hessenbergEigenvalues(matrix: Float64Array, n: number): Complex[] {
  const h = matrix.slice();
  const norm = frobenius(h);
  if (!Number.isFinite(norm)) throw new BallastError('eigenvalues of a matrix that is not finite were asked for');
  const found: Complex[] = [];
  const at = (i: number, j: number) => h[i * n + j]!;
  let high = n - 1;
  let steps = 0;
  while (high >= 0) {
    let low = high;
    for (; low > 0; low--) {
      const beside = Math.abs(at(low - 1, low - 1)) + Math.abs(at(low, low));
      if (Math.abs(at(low, low - 1)) <= Number.EPSILON * (beside === 0 ? norm : beside)) {
        h[low * n + low - 1] = 0;
        break;
      }
    }
    if (low >= high - 1) {
      if (low === high) found.push({ re: at(high, high), im: 0 });
      else found.push(...pairOf(at(low, low), at(low, high), at(high, low), at(high, high)));
      high = low - 1;
      steps = 0;
      continue;
    }
    if (++steps > mostSteps) throw new BallastError(`the QR iteration for ${n} eigenvalues did not converge`);
    francisStep(h, n, low, high, steps % 10 === 0);
  }
  return found;
}

/** One double-shift step on rows and columns low .. high; `exceptional` shifts break the cycles of special matrices. */
function francisStep(h: Float64Array, n: number, low: number, high: number, exceptional: boolean): void {
  const at = (i: number, j: number) => h[i * n + j]!;
  let trace = at(high - 1, high - 1) + at(high, high);
  let determinant = at(high - 1, high - 1) * at(high, high) - at(high - 1, high) * at(high, high - 1);
  if (exceptional) {
    const size = Math.abs(at(high, high - 1)) + Math.abs(at(high - 1, high - 2));
    [trace, determinant] = [1.5 * size, size * size];
  }
  // First column of H² - trace H + determinant I.
  let x = at(low, low) * (at(low, low) - trace) + determinant + at(low, low + 1) * at(low + 1, low);
  let y = at(low + 1, low) * (at(low, low) + at(low + 1, low + 1) - trace);
  let z = at(low + 1, low) * at(low + 2, low + 1);
  for (let k = low; k < high; k++) {
    const three = k < high - 1;
    if (k > low) [x, y, z] = [at(k, k - 1), at(k + 1, k - 1), three ? at(k + 2, k - 1) : 0];
    const mirror = reflector(x, y, three ? z : 0);
    if (!mirror) continue;
    const { p, q, beta } = mirror;
    const [r0, r1, r2] = [k * n, (k + 1) * n, (k + 2) * n];
    for (let j = Math.max(low, k - 1); j <= high; j++) {
      const sum = beta * (h[r0 + j]! + p * h[r1 + j]! + (three ? q * h[r2 + j]! : 0));
      h[r0 + j]! -= sum;
      h[r1 + j]! -= p * sum;
      if (three) h[r2 + j]! -= q * sum;
    }
    if (k > low) {
      h[r1 + k - 1] = 0;
      if (three) h[r2 + k - 1] = 0;
    }
    for (let i = low, row = low * n + k; i <= Math.min(high, k + 3); i++, row += n) {
      const sum = beta * (h[row]! + p * h[row + 1]! + (three ? q * h[row + 2]! : 0));
      h[row]! -= sum;
      h[row + 1]! -= p * sum;
      if (three) h[row + 2]! -= q * sum;
    }
  }
}

/** All eigenvalues of a square matrix, row-major n x n, in no particular order. See `hessenbergEigenvalues`. */
export function nonsymmetricEigenvalues(a: Float64Array, n: number): Complex[] {
  return hessenbergEigenvalues(toHessenberg(a, n), n);
}

/** A complex vector of length 1, and ‖H y - λ y‖. */
export interface HessenbergVector {
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly residual: number;
}

/** An eigenvector of an upper Hessenberg matrix to one of its eigenvalues, by inverse iteration: O(n²). */
export function hessenbergVector(h: Float64Array, n: number, value: Complex): HessenbergVector {
  let re = new Float64Array(n).fill(1 / Math.sqrt(n));
  let im = new Float64Array(n);
  for (let pass = 0; pass < 3; pass++) {
    [re, im] = solveShifted(h, n, value, re, im);
    let size = 0;
    for (let i = 0; i < n; i++) size = Math.max(size, Math.abs(re[i]!), Math.abs(im[i]!));
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (re[i]! / size) ** 2 + (im[i]! / size) ** 2;
    const length = size * Math.sqrt(sum);
    for (let i = 0; i < n; i++) {
      re[i]! /= length;
      im[i]! /= length;
    }
  }
  let residual = 0;
  for (let i = 0; i < n; i++) {
    let [a, b] = [value.im * im[i]! - value.re * re[i]!, -value.im * re[i]! - value.re * im[i]!];
    for (let j = Math.max(0, i - 1); j < n; j++) {
      a += h[i * n + j]! * re[j]!;
      b += h[i * n + j]! * im[j]!;
    }
    residual += a * a + b * b;
  }
  return { re, im, residual: Math.sqrt(residual) };
}

/** (H - λ)⁻¹ b by Gaussian elimination with row exchanges; a pivot of zero becomes one of the size of rounding. */
function solveShifted(
  h: Float64Array,
  n: number,
  value: Complex,
  re: Float64Array,
  im: Float64Array,
): [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>] {
  const tiny = Number.EPSILON * Math.max(frobenius(h), modulus(value), Number.MIN_VALUE * 2 ** 60);
  const [a, b] = [h.slice(), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) {
    a[i * n + i]! -= value.re;
    b[i * n + i] = -value.im;
  }
  const [x, y] = [Float64Array.from(re), Float64Array.from(im)];
  for (let k = 0; k < n; k++) {
    const [top, next] = [k * n, (k + 1) * n];
    if (k + 1 < n && Math.hypot(a[next + k]!, b[next + k]!) > Math.hypot(a[top + k]!, b[top + k]!)) {
      for (let j = k; j < n; j++) {
        [a[top + j], a[next + j]] = [a[next + j]!, a[top + j]!];
        [b[top + j], b[next + j]] = [b[next + j]!, b[top + j]!];
      }
      [x[k], x[k + 1]] = [x[k + 1]!, x[k]!];
      [y[k], y[k + 1]] = [y[k + 1]!, y[k]!];
    }
    if (Math.hypot(a[top + k]!, b[top + k]!) < tiny) [a[top + k], b[top + k]] = [tiny, 0];
    if (k + 1 === n) break;
    const size = a[top + k]! ** 2 + b[top + k]! ** 2;
    const c = (a[next + k]! * a[top + k]! + b[next + k]! * b[top + k]!) / size;
    const s = (b[next + k]! * a[top + k]! - a[next + k]! * b[top + k]!) / size;
    if (c === 0 && s === 0) continue;
    for (let j = k + 1; j < n; j++) {
      const [p, q] = [a[top + j]!, b[top + j]!];
      a[next + j]! -= c * p - s * q;
      b[next + j]! -= c * q + s * p;
    }
    x[k + 1]! -= c * x[k]! - s * y[k]!;
    y[k + 1]! -= c * y[k]! + s * x[k]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let [p, q] = [x[i]!, y[i]!];
    for (let j = i + 1; j < n; j++) {
      p -= a[i * n + j]! * x[j]! - b[i * n + j]! * y[j]!;
      q -= a[i * n + j]! * y[j]! + b[i * n + j]! * x[j]!;
    }
    const [c, s] = [a[i * n + i]!, b[i * n + i]!];
    const size = c * c + s * s;
    x[i] = (p * c + q * s) / size;
    y[i] = (q * c - p * s) / size;
  }
  return [x, y];
}
