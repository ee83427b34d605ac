import { BallastError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import { meanOf, ratioOfSums } from '../../base/statistics.ts';
import type { LinearOperator } from '../operator.ts';
import { smallSvd } from '../small-svd.ts';
import { images, norm, orthogonalize, scale } from '../vectors.ts';

/** How a spectral density is estimated: how many random vectors, and how many Lanczos steps of each. */
export interface DensityOptions {
  /** Lanczos steps a probe; 40 unless told. More resolve finer structure. */
  readonly steps?: number;
  /** Random probes, carried through the products together; 8 unless told. The error falls with their square root. */
  readonly probes?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An estimate with its standard error over the probes, NaN for one probe. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** The mean of what each probe says. */
export function estimate(each: readonly number[]): Estimate {
  const value = meanOf(each);
  const variance = each.reduce((s, x) => s + (x - value) ** 2, 0) / (each.length - 1);
  return { value, standardError: Math.sqrt(variance / each.length) };
}

/**
 * The spectral density of a linear map as weighted points: the singular values of J are spread as if fraction
 * `weights[i]` of the `cols` eigenvalues of JᵀJ stood at `nodes[i]²`. From `eigenvalueDensity` the same for the eigenvalues of a
 * symmetric map, of either sign, which stand at `nodes[i]` itself.
 */
export class SpectralDensity {
  readonly cols: number;
  /** One quadrature rule a probe: values and weights that sum to 1. */
  readonly rules: readonly { readonly nodes: Float64Array; readonly weights: Float64Array }[];

  constructor(cols: number, rules: SpectralDensity['rules']) {
    this.cols = cols;
    this.rules = rules;
  }

  /** Estimate of the sum of f over all `cols` values (singular values that are missing when rows < cols are zeros). */
  sum(f: (value: number) => number): Estimate {
    return estimate(
      this.rules.map(({ nodes, weights }) => this.cols * nodes.reduce((s, x, i) => s + weights[i]! * f(x), 0)),
    );
  }

  /** Estimate of the sum of f divided by the sum of g: the ratio of both sums over all probes, not the mean of the probes' ratios. */
  ratio(f: (value: number) => number, g: (value: number) => number): Estimate {
    const forms = (of: (value: number) => number) =>
      this.rules.map(({ nodes, weights }) => nodes.reduce((s, x, i) => s + weights[i]! * of(x), 0));
    return ratioOfSums(forms(f), forms(g));
  }

  /** Squared Frobenius norm: the sum of the squares of the values. */
  frobeniusSquared(): Estimate {
    return this.sum((s) => s * s);
  }

  /** How many values lie in [low, high). Sharp only where the density has a gap at both ends. */
  count(low: number, high: number): Estimate {
    return this.sum((s) => (s >= low && s < high ? 1 : 0));
  }

  /** The density of the values, smoothed with Gaussians of standard deviation `width`, at points of `grid`; integrates to 1. */
  smoothed(grid: Float64Array, width: number): Float64Array {
    const factor = 1 / (width * Math.sqrt(2 * Math.PI) * this.rules.length);
    return grid.map((x) => {
      let density = 0;
      for (const { nodes, weights } of this.rules) {
        nodes.forEach((node, i) => {
          density += weights[i]! * Math.exp(-0.5 * ((x - node) / width) ** 2);
        });
      }
      return factor * density;
    });
  }
}

/**
 * Spectral density by stochastic Lanczos quadrature (Golub, Meurant 1994; Ubaru, Chen, Saad 2017): for a random unit vector v, the
 * Golub-Kahan process started at v gives a bidiagonal B with JᵀJ ~ BᵀB; the squared first components of B's right singular vectors are
 * the weights of a Gauss rule for vᵀ f(JᵀJ) v, whose mean over v is trace f(JᵀJ) / cols. Full reorthogonalization, seeded probes.
 */
export async function spectralDensity(
  operator: LinearOperator,
  options: DensityOptions = {},
): Promise<SpectralDensity> {
  const { rows, cols } = operator;
  const steps = Math.min(options.steps ?? 40, rows, cols);
  const count = options.probes ?? 8;
  if (steps < 1 || count < 1)
    throw new BallastError(`spectral density needs at least one step and one probe, got ${steps} and ${count}`);
  const processes = Array.from({ length: count }, (_, index) => {
    const v = new RandomStream({ seed: options.seed ?? 0, purpose: 'quadrature/probe', index }).fillNormal(
      new Float64Array(cols),
    );
    scale(v, 1 / norm(v));
    return {
      right: [v] as Float64Array[],
      left: [] as Float64Array[],
      alpha: [] as number[],
      beta: [] as number[],
      ended: false,
    };
  });
  for (let step = 0; step < steps; step++) {
    options.signal?.throwIfAborted();
    const live = processes.filter((p) => !p.ended);
    if (live.length === 0) break;
    const forward = await images(
      live.map((p) => p.right[step]!),
      (block, n) => operator.apply(block, n),
    );
    for (const [i, p] of live.entries()) {
      const u = forward[i]!;
      orthogonalize(u, p.left);
      const alpha = norm(u);
      p.alpha.push(alpha);
      // An invariant subspace: the rule is exact already.
      if (alpha <= 1e-12 * Math.max(...p.alpha)) p.ended = true;
      else scale(u, 1 / alpha);
      p.left.push(u);
    }
    const going = live.filter((p) => !p.ended);
    if (going.length === 0 || step === steps - 1) continue;
    const backward = await images(
      going.map((p) => p.left[step]!),
      (block, n) => operator.applyTranspose(block, n),
    );
    for (const [i, p] of going.entries()) {
      const v = backward[i]!;
      orthogonalize(v, p.right);
      const beta = norm(v);
      if (beta <= 1e-12 * Math.max(...p.alpha)) {
        p.ended = true;
        continue;
      }
      p.beta.push(beta);
      scale(v, 1 / beta);
      p.right.push(v);
    }
  }
  return new SpectralDensity(
    cols,
    processes.map(({ alpha, beta }) => {
      const m = alpha.length;
      const b = new Float64Array(m * m);
      for (let i = 0; i < m; i++) {
        b[i * m + i] = alpha[i]!;
        if (i + 1 < m) b[i * m + i + 1] = beta[i]!;
      }
      const { values, v } = smallSvd(b, m, m);
      return { nodes: values, weights: Float64Array.from(v, (x) => x[0]! ** 2) };
    }),
  );
}
