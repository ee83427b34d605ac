import type { Distribution } from '../../statistics.ts';
import type { SeenImage } from '../branches.ts';
import type { Environment } from '../result.ts';

/** Row i, column j: units i and j of a stage, in the network's order. */
export type UnitMatrix = readonly (readonly number[])[];

/**
 * How the top-k singular subspaces of the branch Jacobians J_i = U_i Σ_i V_iᵀ of a stage lie to each other at one image. The first three are
 * the root mean square cosine ‖XᵀY‖_F / √k of the canonical angles between two subspaces: 0 orthogonal, 1 the same, √(k/n) for random ones.
 */
export interface AlignmentMatrices {
  /** U_i against V_j: what branch i writes, as seen by what branch j reads. */
  readonly leftRight: UnitMatrix;
  /** U_i against U_j. */
  readonly leftLeft: UnitMatrix;
  /** V_i against V_j. */
  readonly rightRight: UnitMatrix;
  /**
   * Σ_m u_jmᵀ J_i v_jm / Σ_m σ_im: whether branch i does to the singular vectors of branch j what branch j does, one by one; 1 on the
   * diagonal, near 0 for random vectors, negative where the direction is reversed.
   */
  readonly paired: UnitMatrix;
}

/** The representations h_0 .. h_L between the units of a stage at one image. */
export interface RepresentationPath {
  /** ‖h_l - h_(l-1)‖ of each unit. */
  readonly steps: readonly number[];
  /** ‖h_L - h_0‖ / Σ ‖steps‖: 1 on a line. */
  readonly straightness: number;
  /** The same for steps of these lengths at right angles to each other. */
  readonly orthogonalStraightness: number;
  /** Standard deviation of the steps' lengths over their mean: 0 when equally spaced. */
  readonly spacingVariation: number;
  /** Mean cosine between each step and the next; null where there are no two. */
  readonly turning: number | null;
}

/** One stage at one image. */
export interface StageAlignment extends AlignmentMatrices {
  readonly name: string;
  /** Index of the image. */
  readonly image: number;
  /** Mean off the diagonal of the measured rms cosine between random subspaces of this dimension, drawn like the units': the control. */
  readonly random: number;
  readonly path: RepresentationPath;
  /** Top k singular values of each unit's branch. */
  readonly singularValues: readonly (readonly number[])[];
  /** (σ_k - σ_(k+1)) / σ_1 for each unit: a small gap leaves the top-k subspace ill determined. Null where k is all there is. */
  readonly gaps: readonly (number | null)[];
  /** Largest residual of the triplets, relative to each unit's σ_1, and whether all reached the tolerance. */
  readonly maxResidual: number;
  readonly converged: boolean;
  readonly seconds: number;
}

/** Over images: means off the diagonal, entry by entry mean matrices. */
export interface StageSummary extends AlignmentMatrices {
  readonly name: string;
  readonly units: readonly string[];
  /** n: all branches of a stage are n x n. */
  readonly size: number;
  /** k. */
  readonly top: number;
  /** √(k/n). */
  readonly expected: number;
  /** Mean over images of the measured control. */
  readonly random: number;
  /** Of each image's mean over pairs i ≠ j. */
  readonly offDiagonal: Readonly<Record<keyof AlignmentMatrices, Distribution>>;
  /** Of each image's mean over pairs of neighbours |i - j| = 1. */
  readonly neighbours: Readonly<Record<keyof AlignmentMatrices, Distribution>>;
  readonly straightness: Distribution;
  readonly orthogonalStraightness: Distribution;
  readonly spacingVariation: Distribution;
  readonly turning: Distribution | null;
  readonly converged: boolean;
  readonly maxResidual: number;
}

export interface AlignmentResult {
  readonly model: string;
  readonly weights: string;
  /** What is done to pixels from 0 to 1 in front of the network, in words. */
  readonly normalization?: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly images: readonly SeenImage[];
  readonly top: number;
  readonly stages: readonly StageSummary[];
  /** Stage by stage, image by image. */
  readonly measured: readonly StageAlignment[];
  /** Units left out: they change the size of the representation, or stand alone. */
  readonly skipped: readonly string[];
  readonly environment: Environment;
  readonly seconds: number;
}
