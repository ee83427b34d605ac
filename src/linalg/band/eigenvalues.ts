import { RandomStream } from '../../base/random.ts';
import { Products } from '../products.ts';
import { bandTimes, type SymmetricBand } from './band.ts';
import { type BlockRows, fromBand, fromFull, rowOf } from './block-rows.ts';
import { reduceToBand } from './reduce-to-band.ts';
import { bandToTridiagonal, type Tridiagonal, tridiagonalEigenvalues } from './tridiagonal.ts';

/** How eigenvalues of a dense or a band matrix are computed. */
export interface EigenOptions {
  readonly threads?: number | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All eigenvalues in ascending order, and how exact they are. */
export interface EigenResult {
  /** All n eigenvalues, descending. */
  readonly values: Float64Array;
  /**
   * Estimate of the backward error ||Qᵀ A Q - T|| / ||A||, which bounds the error of every eigenvalue relative to the largest
   * (Weyl). Random vectors x and A x are carried through all transformations; || T (Qᵀx) - Qᵀ(Ax) || measures the error on a
   * random vector, times sqrt(n) the Frobenius norm of the error matrix, which is at least its 2-norm.
   */
  readonly residual: number;
  readonly seconds: number;
  /** Seconds in each phase. */
  readonly phases: Readonly<Record<'band' | 'tridiagonal' | 'iteration', number>>;
}

/** Half-bandwidth of the intermediate band. 64: wide enough for the matrix products, narrow enough for the bulge chasing. */
const intermediateBand = 64;
/** Collected updates: rank 512 makes an update of a large matrix run near the speed of a square product. */
const pendingUpdates = 8;
/** Rows of a block row: at 1024 one tensor has at most 128 MiB for n = 16384. */
const blockHeight = 1024;
/** Random vectors for the residual. */
const probePairs = 2;

/** Operations (multiply and add as two), peak memory in bytes and expected seconds on 2 AVX-512 cores, for a progress estimate. */
export function estimateEigenCost(n: number, bandwidth = n - 1): { flops: number; bytes: number; seconds: number } {
  const d = intermediateBand;
  const [large, chase] = [bandwidth > d ? (4 / 3) * n ** 3 : 0, 6 * n ** 2 * Math.min(d, bandwidth)];
  const bytes =
    bandwidth > d ? 4 * n ** 2 + 8 * n * (blockHeight / 2 + 4 * d * pendingUpdates + 8 * d) : 32 * n * (bandwidth + 1);
  // Rates measured with `npm run bench -- eigen`; small matrices are bound by the calls.
  return {
    flops: large + chase,
    bytes,
    seconds: large / (70e9 * (n / (n + 2000))) + chase / 8e9 + 1.2e-8 * n ** 2 + 0.05,
  };
}

async function eigenvaluesOf(
  n: number,
  times: (x: Float64Array) => Float64Array,
  toBand: (probes: { data: Float64Array; count: number }, onProgress: (f: number) => void) => Promise<SymmetricBand>,
  options: EigenOptions,
): Promise<EigenResult> {
  const began = performance.now();
  if (n === 0)
    return { values: new Float64Array(0), residual: 0, seconds: 0, phases: { band: 0, tridiagonal: 0, iteration: 0 } };
  // Columns x_1, A x_1, x_2, A x_2, ...
  const count = 2 * probePairs;
  const byRow = { data: new Float64Array(n * count), count };
  for (let p = 0; p < probePairs; p++) {
    const x = new RandomStream({ seed: 0, purpose: 'eigen/probe', index: p }).fillNormal(new Float64Array(n));
    const ax = times(x);
    for (let i = 0; i < n; i++) {
      byRow.data[i * count + 2 * p] = x[i]!;
      byRow.data[i * count + 2 * p + 1] = ax[i]!;
    }
  }
  const share = 0.8;
  const band = await toBand(byRow, (f) => options.onProgress?.(share * f));
  const afterBand = performance.now();
  const byColumn = { data: new Float64Array(n * count), count };
  for (let i = 0; i < n; i++) for (let c = 0; c < count; c++) byColumn.data[c * n + i] = byRow.data[i * count + c]!;
  const t = await bandToTridiagonal(band, byColumn, {
    onProgress: (f) => options.onProgress?.(share + 0.15 * f),
    signal: options.signal,
  });
  const afterChase = performance.now();
  const ascending = await tridiagonalEigenvalues(t, options.signal);
  const norm = Math.max(Math.abs(ascending[0]!), Math.abs(ascending[n - 1]!));
  const reduction = reductionResidual(t, byColumn.data, n);
  const residual = norm === 0 ? reduction : Math.max(reduction / norm, invariantResidual(t, ascending) / norm);
  options.onProgress?.(1);
  const ended = performance.now();
  return {
    values: ascending.reverse(),
    residual,
    seconds: (ended - began) / 1000,
    phases: {
      band: (afterBand - began) / 1000,
      tridiagonal: (afterChase - afterBand) / 1000,
      iteration: (ended - afterChase) / 1000,
    },
  };
}

/** sqrt(n) ||T x' - y'|| / ||x'||, the largest over the pairs (x', y') = (Qᵀ x, Qᵀ A x). */
function reductionResidual({ diagonal, beside }: Tridiagonal, probes: Float64Array, n: number): number {
  let worst = 0;
  for (let p = 0; p < probePairs; p++) {
    const x = probes.subarray(2 * p * n, (2 * p + 1) * n);
    const y = probes.subarray((2 * p + 1) * n, (2 * p + 2) * n);
    let [error, size] = [0, 0];
    for (let i = 0; i < n; i++) {
      const tx =
        diagonal[i]! * x[i]! + (i > 0 ? beside[i - 1]! * x[i - 1]! : 0) + (i < n - 1 ? beside[i]! * x[i + 1]! : 0);
      error += (tx - y[i]!) ** 2;
      size += x[i]! ** 2;
    }
    worst = Math.max(worst, Math.sqrt((n * error) / size));
  }
  return worst;
}

/** What the iteration changed in the trace (per eigenvalue) and in the Frobenius norm. */
function invariantResidual({ diagonal, beside }: Tridiagonal, values: Float64Array): number {
  const n = values.length;
  let [trace, frobenius, traceOfValues, frobeniusOfValues] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    trace += diagonal[i]!;
    frobenius += diagonal[i]! ** 2 + (i < n - 1 ? 2 * beside[i]! ** 2 : 0);
    traceOfValues += values[i]!;
    frobeniusOfValues += values[i]! ** 2;
  }
  const f = Math.sqrt(frobenius);
  return Math.max(Math.abs(trace - traceOfValues) / n, Math.abs(f - Math.sqrt(frobeniusOfValues)) / Math.sqrt(n));
}

function blockRowsTimes(a: BlockRows, x: Float64Array): Float64Array {
  const y = new Float64Array(a.n);
  for (let i = 0; i < a.n; i++) {
    const row = rowOf(a, i);
    let sum = row[i]! * x[i]!;
    const xi = x[i]!;
    for (let j = 0; j < i; j++) {
      const v = row[j]!;
      sum += v * x[j]!;
      y[j]! += v * xi;
    }
    y[i]! += sum;
  }
  return y;
}

/** Eigenvalues of a symmetric matrix in block rows, which is destroyed. */
export async function blockRowsEigenvalues(a: BlockRows, options: EigenOptions = {}): Promise<EigenResult> {
  const products = await Products.open(options);
  try {
    return await eigenvaluesOf(
      a.n,
      (x) => blockRowsTimes(a, x),
      (probes, onProgress) =>
        reduceToBand(a, products, {
          band: intermediateBand,
          pending: pendingUpdates,
          probes,
          onProgress,
          signal: options.signal,
        }),
      options,
    );
  } finally {
    await products.close();
  }
}

/**
 * All eigenvalues of a symmetric band matrix in float64. Narrow bands go straight to bulge chasing; wide ones are reduced
 * as full matrices, since chasing a wide band moves more memory than it saves operations.
 */
export async function symmetricBandEigenvalues(a: SymmetricBand, options: EigenOptions = {}): Promise<EigenResult> {
  // Straight chasing costs 6 n² b at 8 GFLOP/s, the full reduction 4/3 n³ at ten times that.
  if (a.bandwidth <= Math.max(intermediateBand, a.n / 45)) {
    return eigenvaluesOf(
      a.n,
      (x) => bandTimes(a, x),
      async () => a,
      options,
    );
  }
  return blockRowsEigenvalues(fromBand(a, Math.min(blockHeight, a.n)), options);
}

/** All eigenvalues of a full symmetric matrix (row-major, only the lower half is read) in float64. */
export async function symmetricEigenvalues(
  a: Float64Array,
  n: number,
  options: EigenOptions = {},
): Promise<EigenResult> {
  return blockRowsEigenvalues(fromFull(a, n, Math.min(blockHeight, Math.max(1, n))), options);
}

export { blockHeight };
