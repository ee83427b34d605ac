import type { Environment } from '../result.ts';

/** What `ballast curvature` measures, in the form in which it is printed with `--json`, stored and drawn. Plain JSON. */
export interface CurvatureResult {
  readonly model: string;
  readonly weights: string;
  /** What is done to pixels from 0 to 1 in front of the network, in words. */
  readonly normalization?: string;
  readonly dataset: string;
  readonly split: string;
  /** How many examples the loss is averaged over. */
  readonly examples: number;
  /** Their positions in the split: `0-199`. */
  readonly images: string;
  /** Trained parameters: the size of the Hessian. */
  readonly parameters: number;
  /** Mean cross-entropy in nats in evaluation mode, without weight decay: what is differentiated. */
  readonly loss: number;
  /** 2-norm of its gradient: 0 at a stationary point. */
  readonly gradientNorm: number;
  /** The largest eigenvalues, descending: converged ones only. */
  readonly eigenvalues: readonly ConvergedEigenvalue[];
  /** The smallest (most negative) ones, ascending. */
  readonly smallest: readonly ConvergedEigenvalue[];
  /** How many of each were asked for. */
  readonly wanted: { readonly largest: number; readonly smallest: number };
  readonly trace: ProbedValue & { readonly probes: number };
  /** Trace over size. */
  readonly meanEigenvalue: ProbedValue;
  /** Null where it was not asked for. */
  readonly density: CurvatureDensity | null;
  /** Hessian-vector products over all examples. */
  readonly products: number;
  readonly microBatch: number;
  readonly seed: number;
  readonly seconds: number;
  readonly environment: Environment;
}

export interface ConvergedEigenvalue {
  readonly value: number;
  /** ||H y - value y||, relative to the largest |eigenvalue|. */
  readonly residual: number;
}

/** A mean over random probes. */
export interface ProbedValue {
  readonly value: number;
  /** Null with one probe. */
  readonly standardError: number | null;
}

/** Stochastic Lanczos quadrature: one Gauss rule a probe. */
export interface CurvatureDensity {
  readonly probes: number;
  readonly steps: number;
  /** Eigenvalues within this of 0 count as zero. */
  readonly tolerance: number;
  /** Shares of all eigenvalues. */
  readonly below: ProbedValue;
  readonly zero: ProbedValue;
  readonly above: ProbedValue;
  /** Sum of |eigenvalue| over the negative ones, as a share of that over all. */
  readonly negativeMass: ProbedValue;
  /** Nodes descending, with weights that sum to 1. */
  readonly rules: readonly { readonly nodes: readonly number[]; readonly weights: readonly number[] }[];
}
