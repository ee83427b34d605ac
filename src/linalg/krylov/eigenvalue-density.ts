import { BallastError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import type { LinearOperator } from '../operator.ts';
import { smallEigen } from '../small-eigen.ts';
import { dot, images, norm, orthogonalize, scale } from '../vectors.ts';
import { type Eigenpair, requireSquare } from './lanczos.ts';
import { type DensityOptions, type Estimate, estimate, SpectralDensity } from './quadrature.ts';

/** How the density of the eigenvalues of a symmetric operator is estimated. */
export interface EigenvalueDensityOptions extends DensityOptions {
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Probe `index`: entries +1 and -1 with equal chance, fixed by the seed. */
function rademacher(n: number, seed: number, index: number): Float64Array {
  const stream = new RandomStream({ seed, purpose: 'trace/probe', index });
  const v = new Float64Array(n);
  for (let i = 0; i < n; i += 32) {
    const bits = stream.uint32();
    for (let j = i; j < Math.min(n, i + 32); j++) v[j] = (bits >>> (j - i)) & 1 ? 1 : -1;
  }
  return v;
}

/**
 * Density of the eigenvalues of a symmetric map by stochastic Lanczos quadrature (Golub, Meurant 1994; Ubaru, Chen, Saad 2017): the Lanczos
 * process started at a random unit vector v gives a tridiagonal T; T's eigenvalues and the squared first components of its eigenvectors are
 * the Gauss rule for vᵀ f(A) v, whose mean over v is trace f(A) / n. Full reorthogonalization; 10 probes of 50 steps unless told,
 * one after another, since each keeps its steps in memory.
 */
export async function eigenvalueDensity(
  operator: LinearOperator,
  options: EigenvalueDensityOptions = {},
): Promise<SpectralDensity> {
  const n = requireSquare(operator, 'a density of eigenvalues');
  const { probes = 10, seed = 0, signal, onProgress } = options;
  const steps = Math.min(options.steps ?? 50, n);
  if (steps < 1 || probes < 1)
    throw new BallastError(`a density needs at least one step and one probe, got ${steps} and ${probes}`);
  const rules: SpectralDensity['rules'][number][] = [];
  for (let index = 0; index < probes; index++) {
    const v = rademacher(n, seed, index);
    scale(v, 1 / Math.sqrt(n));
    rules.push(
      await gaussRule(operator, v, steps, (step) => {
        signal?.throwIfAborted();
        onProgress?.((index + step / steps) / probes);
      }),
    );
  }
  return new SpectralDensity(n, rules);
}

async function gaussRule(
  operator: LinearOperator,
  start: Float64Array,
  steps: number,
  onStep: (step: number) => void,
): Promise<SpectralDensity['rules'][number]> {
  const basis = [start];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  let largest = 0;
  for (let step = 0; step < steps; step++) {
    onStep(step);
    const [image] = await images([basis[step]!], (x, count) => operator.apply(x, count));
    const taken = orthogonalize(image!, basis);
    diagonal.push(taken[step]!);
    const beta = norm(image!);
    largest = Math.max(largest, Math.abs(taken[step]!), beta);
    // An invariant subspace: the rule is exact already.
    if (step === steps - 1 || beta <= 1e-12 * largest) break;
    beside.push(beta);
    scale(image!, 1 / beta);
    basis.push(image!);
  }
  const m = diagonal.length;
  const t = new Float64Array(m * m);
  diagonal.forEach((d, i) => {
    t[i * m + i] = d;
    if (i + 1 < m) t[i * m + i + 1] = t[(i + 1) * m + i] = beside[i]!;
  });
  const { values, vectors } = smallEigen(t, m);
  return { nodes: values, weights: Float64Array.from(vectors, (w) => w[0]! ** 2) };
}

/** How a trace is estimated: with how many random vectors, from which seed. */
export interface TraceOptions {
  /** Random probes, each one product; 10 unless told. The error falls with their square root. */
  readonly probes?: number;
  readonly seed?: number;
  /** Eigenpairs that are known: their part of the trace is exact, and only the rest is estimated. */
  readonly known?: readonly Eigenpair[];
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trace of a symmetric map by Hutchinson's estimator (1990): the mean of vᵀ A v over random signs v. With known eigenpairs (s_i, y_i) it is
 * sum s_i plus the mean of vᵀ A v - sum s_i (y_iᵀ v)², the idea of Hutch++ (Meyer, Musco, Musco, Woodruff 2021): the outliers, which make
 * most of the variance, are taken out, and the estimate stays unbiased.
 */
export async function hutchinsonTrace(operator: LinearOperator, options: TraceOptions = {}): Promise<Estimate> {
  const n = requireSquare(operator, 'a trace');
  const { probes = 10, seed = 0, known = [], onProgress, signal } = options;
  if (probes < 1) throw new BallastError(`a trace needs at least one probe, got ${probes}`);
  const forms: number[] = [];
  for (let index = 0; index < probes; index++) {
    signal?.throwIfAborted();
    onProgress?.(index / probes);
    const v = rademacher(n, seed, index);
    const [image] = await images([v], (x, count) => operator.apply(x, count));
    forms.push(dot(v, image!));
  }
  return traceFromForms(forms, n, seed, known);
}

/** The same from a density with the same seed, whose first moments are the vᵀ A v of its probes: without any product. */
export function traceOfDensity(
  density: SpectralDensity,
  { seed = 0, known = [] }: Pick<TraceOptions, 'seed' | 'known'> = {},
): Estimate {
  const forms = density.rules.map(
    ({ nodes, weights }) => density.cols * nodes.reduce((s, x, i) => s + weights[i]! * x, 0),
  );
  return traceFromForms(forms, density.cols, seed, known);
}

function traceFromForms(forms: readonly number[], n: number, seed: number, known: readonly Eigenpair[]): Estimate {
  const exact = known.reduce((s, { value }) => s + value, 0);
  const each = forms.map((form, index) => {
    if (known.length === 0) return form;
    const v = rademacher(n, seed, index);
    return exact + known.reduce((s, { value, vector }) => s - value * dot(vector, v) ** 2, form);
  });
  return estimate(each);
}
