import type { SeenImage } from '../branches.ts';
import type { Environment } from '../result.ts';

/**
 * Eigenvalues of the Jacobian J_F of a unit's branch at an image. Those of the unit, J = a I + J_F (identity shortcut, without the last
 * ReLU), are a more. Plain JSON.
 */
export interface BranchEigenvalues {
  readonly name: string;
  /** Index of the image. */
  readonly image: number;
  /** n: J_F is n x n. */
  readonly size: number;
  /** a. */
  readonly skipScale: number;
  /** Active inner units k: the rank of J_F is at most that. Null where the branch has no single inner ReLU. */
  readonly activeHidden: number | null;
  /** `exact`: all eigenvalues; `arnoldi`: leading ones. */
  readonly method: 'exact' | 'arnoldi';
  /** `exact`: the eigenvalues of the k x k matrix; all further `zeros` ones are exactly 0. `arnoldi`: those that converged. By modulus, descending. */
  readonly eigenvalues: readonly (readonly [re: number, im: number])[];
  readonly complete: boolean;
  /** n - k where k is known and the list is complete, else null. */
  readonly zeros: number | null;
  /** Largest residual ‖A x - λ x‖ of the checked pairs relative to max |λ|; `exact` checks the leading ones and the trace. */
  readonly maxResidual: number;
  /** Max |μ|, max Re μ and min Re μ over the eigenvalues of J_F; null where they did not converge. */
  readonly radius: number | null;
  readonly maxReal: number | null;
  readonly minReal: number | null;
  /** Largest singular value of J_F: equal to the radius for a normal map, larger for any other. Null where it did not converge. */
  readonly norm: number | null;
  /** Max |a + μ|: above 1, the unit applied again and again would grow without bound along some direction. */
  readonly unitRadius: number | null;
  /** How many eigenvalues of J lie outside, on (within `tolerance`) and inside of the unit circle; null unless complete. */
  readonly circle: { readonly outside: number; readonly on: number; readonly inside: number } | null;
  readonly tolerance: number;
  readonly seconds: number;
}

export interface EigenvaluesResult {
  readonly model: string;
  readonly weights: string;
  /** What is done to pixels from 0 to 1 in front of the network, in words. */
  readonly normalization?: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly images: readonly SeenImage[];
  /** Unit by unit, image by image. */
  readonly branches: readonly BranchEigenvalues[];
  /** Units that were left out: their shortcut is not the identity, so that powers of their Jacobian mean nothing. */
  readonly skipped: readonly string[];
  readonly environment: Environment;
  readonly seconds: number;
}
