/** Eigenvalues of the branches of residual units: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, pictured, seenImage } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, runtimeKeys, testImages } from '../request.ts';

export const eigenvaluesRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  images: testImages,
  units: z.string().default('all').describe('all, or names (layer3.4,layer3.8)').register(flags, { value: 'list' }),
  method: z
    .enum(['auto', 'exact', 'arnoldi'])
    .default('auto')
    .describe('auto: all eigenvalues up to 1500 active inner units, leading ones beyond')
    .register(flags, { value: 'how' }),
  top: leading('leading eigenvalues where not all are computed'),
  ...runtimeKeys,
});

/**
 * Eigenvalues of the Jacobian J_F of a unit's branch at an image. Those of the unit, J = a I + J_F (identity shortcut, without the last
 * ReLU), are a more.
 */
export const branchEigenvalues = z.object({
  name: z.string().describe('name of the unit'),
  image: z.int().describe('position in the data set'),
  size: z.int().describe('n: J_F is n x n'),
  skipScale: z.number().describe('a'),
  activeHidden: z
    .int()
    .nullable()
    .describe('active inner units k: the rank of J_F is at most that; null where the branch has no single inner ReLU'),
  method: z.enum(['exact', 'arnoldi']).describe('exact: all eigenvalues; arnoldi: leading ones'),
  eigenvalues: z
    .array(z.tuple([z.number(), z.number()]))
    .describe(
      'real and imaginary part, by modulus, descending; exact: those of the k x k matrix, all further ones are exactly 0; arnoldi: those that converged',
    ),
  complete: z.boolean().describe('whether these are all'),
  zeros: z.int().nullable().describe('n - k where k is known and the list is complete'),
  maxResidual: z
    .number()
    .describe(
      'largest residual ‖A x - λ x‖ of the checked pairs relative to max |λ|; exact checks the leading ones and the trace',
    ),
  radius: z.number().nullable().describe('max |μ| over the eigenvalues of J_F; null where they did not converge'),
  maxReal: z.number().nullable().describe('max Re μ; likewise'),
  minReal: z.number().nullable().describe('min Re μ; likewise'),
  norm: z
    .number()
    .nullable()
    .describe('largest singular value of J_F: equal to the radius for a normal map, larger for any other'),
  unitRadius: z
    .number()
    .nullable()
    .describe('max |a + μ|: above 1, the unit applied again and again would grow without bound along some direction'),
  circle: z
    .object({
      outside: z.int().describe('outside'),
      on: z.int().describe('on it, within the tolerance'),
      inside: z.int().describe('inside'),
    })
    .nullable()
    .describe('how many eigenvalues of J lie outside, on and inside of the unit circle; null unless complete'),
  tolerance: z.number().describe('within which an eigenvalue counts as on the circle'),
  seconds: z.number().describe('how long it took'),
});
export type BranchEigenvalues = Of<typeof branchEigenvalues>;

export const eigenvaluesResult = z.object({
  ...pictured,
  images: z.array(seenImage).describe('where branches are linearized'),
  branches: z.array(branchEigenvalues).describe('unit by unit, image by image'),
  skipped: z
    .array(z.string())
    .describe(
      'units that were left out: their shortcut is not the identity, so that powers of their Jacobian mean nothing',
    ),
  ...measuredIn,
});
/** Eigenvalues of the branches of a network's units. */
export type EigenvaluesResult = Of<typeof eigenvaluesResult>;
