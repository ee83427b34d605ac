/** Residual Alignment across the depth of stages: the request, and what is measured. */
import { z } from 'zod';
import { distribution, measuredIn, pictured, seenImage } from '../common.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, runtimeKeys, testImages } from '../request.ts';

export const alignmentRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  images: testImages,
  top: leading('singular vectors of each branch'),
  ...runtimeKeys,
});

/** Row i, column j: units i and j of a stage, in the network's order. */
const unitMatrix = z.array(z.array(z.number()));

/**
 * How the top-k singular subspaces of the branch Jacobians J_i = U_i Σ_i V_iᵀ of a stage lie to each other at one image. The first three are
 * the root mean square cosine ‖XᵀY‖_F / √k of the canonical angles between two subspaces: 0 orthogonal, 1 the same, √(k/n) for random ones.
 */
const alignmentMatrices = {
  leftRight: unitMatrix.describe('U_i against V_j: what branch i writes, as seen by what branch j reads'),
  leftLeft: unitMatrix.describe('U_i against U_j'),
  rightRight: unitMatrix.describe('V_i against V_j'),
  paired: unitMatrix.describe(
    'Σ_m u_jmᵀ J_i v_jm / Σ_m σ_im: whether branch i does to the singular vectors of branch j what branch j does, one by one; 1 on the diagonal, near 0 for random vectors, negative where the direction is reversed',
  ),
};
const alignmentMatricesObject = z.object(alignmentMatrices);
/** Entry by entry. */
export type UnitMatrix = Of<typeof unitMatrix>;
export type AlignmentMatrices = Of<typeof alignmentMatricesObject>;

/** The representations h_0 .. h_L between the units of a stage at one image. */
export const representationPath = z.object({
  steps: z.array(z.number()).describe('‖h_l - h_(l-1)‖ of each unit'),
  straightness: z.number().describe('‖h_L - h_0‖ / Σ ‖steps‖: 1 on a line'),
  orthogonalStraightness: z.number().describe('the same for steps of these lengths at right angles to each other'),
  spacingVariation: z
    .number()
    .describe("standard deviation of the steps' lengths over their mean: 0 when equally spaced"),
  turning: z.number().nullable().describe('mean cosine between each step and the next; null where there are no two'),
});

/** One stage at one image. */
export const stageAlignment = z.object({
  ...alignmentMatrices,
  name: z.string().describe('name of the stage'),
  image: z.int().describe('position in the data set'),
  random: z
    .number()
    .describe(
      "mean off the diagonal of the measured rms cosine between random subspaces of this dimension, drawn like the units': the control",
    ),
  path: representationPath.describe('of the representations'),
  singularValues: z.array(z.array(z.number())).describe("top k of each unit's branch"),
  gaps: z
    .array(z.number().nullable())
    .describe(
      '(σ_k - σ_(k+1)) / σ_1 for each unit: a small gap leaves the top-k subspace ill determined; null where k is all there is',
    ),
  maxResidual: z.number().describe("largest residual of the triplets, relative to each unit's σ_1"),
  converged: z.boolean().describe('whether all reached the tolerance'),
  seconds: z.number().describe('how long it took'),
});

const byMatrix = z.object({
  leftRight: distribution.describe('of leftRight'),
  leftLeft: distribution.describe('of leftLeft'),
  rightRight: distribution.describe('of rightRight'),
  paired: distribution.describe('of paired'),
});

/** Over images: means off the diagonal, entry by entry mean matrices. */
export const stageSummary = z.object({
  ...alignmentMatrices,
  name: z.string().describe('name of the stage'),
  units: z.array(z.string()).describe('names of its units'),
  size: z.int().describe('n: all branches of a stage are n x n'),
  top: z.int().describe('k'),
  expected: z.number().describe('√(k/n)'),
  random: z.number().describe('mean over images of the measured control'),
  offDiagonal: byMatrix.describe("of each image's mean over pairs i ≠ j"),
  neighbours: byMatrix.describe("of each image's mean over pairs of neighbours |i - j| = 1"),
  straightness: distribution.describe('over images'),
  orthogonalStraightness: distribution.describe('over images'),
  spacingVariation: distribution.describe('over images'),
  turning: distribution.nullable().describe('over images'),
  converged: z.boolean().describe('whether all reached the tolerance'),
  maxResidual: z.number().describe('largest of all'),
});

export const alignmentResult = z.object({
  ...pictured,
  images: z.array(seenImage).describe('where branches are linearized'),
  top: z.int().describe('k'),
  stages: z.array(stageSummary).describe('over images'),
  measured: z.array(stageAlignment).describe('stage by stage, image by image'),
  skipped: z.array(z.string()).describe('units left out: they change the size of the representation, or stand alone'),
  ...measuredIn,
});
export type RepresentationPath = Of<typeof representationPath>;
export type StageAlignment = Of<typeof stageAlignment>;
export type StageSummary = Of<typeof stageSummary>;
/** How the branches of a network's units are aligned. */
export type AlignmentResult = Of<typeof alignmentResult>;
