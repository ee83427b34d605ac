import { UsageError } from '../../base/errors.ts';
import type { ParameterSpec } from '../../nn/index.ts';
import { type Graph, GraphBuilder, tensorOf } from '../../onnx/index.ts';

/** A noisy quadratic model of a loss (arXiv 1907.04164). */
export interface QuadraticOptions {
  /** Eigenvalues h_i > 0 of the Hessian. */
  readonly spectrum: readonly number[];
  /** Variances c_i >= 0 of one example's gradient along the eigenvectors; the spectrum unless told (1907.04164, section 3). */
  readonly noise?: readonly number[];
}

/** Mean of the risk over the noise after a number of steps of SGD with momentum: see `QuadraticModel.expectedRisk`. */
export interface SgdOnQuadratic {
  /** The same along every eigenvector. */
  readonly start: number;
  readonly learningRate: number;
  readonly batch: number;
  readonly steps: number;
  /** Heavy ball: v <- momentum v + g, theta <- theta - learningRate v; 0 unless told. */
  readonly momentum?: number;
}

/**
 * The noisy quadratic model (Zhang et al. 2019, 1907.04164): L(theta) = theta' H theta / 2 seen through gradients
 * H theta + noise. Everything about training on it has a closed form, so it tests optimizers and batch-size analysis.
 */
export interface QuadraticModel {
  readonly name: string;
  readonly spectrum: readonly number[];
  /** Standard deviations of one example's `noise` entries. */
  readonly noiseScale: readonly number[];
  /** One: `theta` [d]. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * Inputs: `noise` [batch, d], normal with `noiseScale` along each column, and `theta` [d]. Outputs: `loss` [], risk plus the mean
   * over the batch of noise' theta, whose gradient is the noisy one, and `risk` [], theta' H theta / 2 alone.
   */
  trace(batch: number): Graph;
  /**
   * E[risk] after `steps` of SGD with (heavy-ball) momentum on batches of `batch` from theta = start * (1, ..., 1), in closed form along each
   * eigenvector: the second moments of (theta_i, v_i) follow a linear recurrence.
   */
  expectedRisk(run: SgdOnQuadratic): number;
}

/** See `QuadraticModel`. H is diagonal: SGD with momentum moves along each eigenvector alone, whatever the basis. */
export function quadratic({ spectrum, noise = spectrum }: QuadraticOptions): QuadraticModel {
  const d = spectrum.length;
  if (d === 0 || spectrum.some((h) => !(h > 0 && Number.isFinite(h))))
    throw new UsageError('quadratic: the spectrum must be one or more positive numbers');
  if (noise.length !== d || noise.some((c) => !(c >= 0 && Number.isFinite(c))))
    throw new UsageError(`quadratic: the noise must be ${d} numbers that are not negative, one an eigenvalue`);
  return {
    name: `quadratic${d}`,
    spectrum,
    noiseScale: noise.map(Math.sqrt),
    parameters: [{ name: 'theta', shape: [d], init: 'ones', trainable: true }],
    trace: (batch) => {
      const b = new GraphBuilder(`quadratic${d}`);
      const draws = b.input('noise', 'float32', [batch, d]);
      const theta = b.input('theta', 'float32', [d]);
      const h = b.constant(tensorOf('float32', [d], spectrum));
      const risk = b.scale(b.reduceSum(b.mul(h, b.mul(theta, theta)), [0], false), 0.5);
      const linear = b.reduceSum(b.mul(b.reduceMean(draws, [0], false), theta), [0], false);
      b.output('loss', b.add(risk, linear));
      b.output('risk', risk);
      return b.build();
    },
    expectedRisk: (run) => spectrum.reduce((sum, h, i) => sum + 0.5 * h * secondMoment(h, noise[i]!, run), 0),
  };
}

/** E[theta^2] along one eigenvector with curvature h and gradient variance c / batch. */
function secondMoment(
  h: number,
  c: number,
  { start, learningRate: lr, batch, steps, momentum = 0 }: SgdOnQuadratic,
): number {
  // v' = m v + h theta + e, theta' = theta - lr v'; a, x, s are E[theta^2], E[theta v], E[v^2].
  let [a, x, s] = [start ** 2, 0, 0];
  for (let k = 0; k < steps; k++) {
    const speed = momentum ** 2 * s + 2 * momentum * h * x + h ** 2 * a + c / batch;
    const cross = momentum * x + h * a;
    [a, x, s] = [a - 2 * lr * cross + lr ** 2 * speed, cross - lr * speed, speed];
  }
  return a;
}
