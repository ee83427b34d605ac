/** The Hessian of the loss: the request, and what is measured. */
import { z } from 'zod';
import { ratioOfSums } from '../../base/statistics.ts';
import { measuredIn, subject } from '../common.ts';
import { flags } from '../flags.ts';
import type { StoredDocument } from '../kind.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, networkKeys, positions, runtimeKeys, splitName } from '../request.ts';

export const curvatureRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  split: splitName.default('train').describe('which data').register(flags, { value: 'name' }),
  images: positions
    .default('0-199')
    .describe('positions in the split, e.g. 0,7,4321 or 0-199')
    .register(flags, { value: 'list' }),
  top: z.int().min(1).default(5).describe('how many of the largest eigenvalues').register(flags, { value: 'k' }),
  bottom: z
    .int()
    .min(0)
    .default(1)
    .describe('how many of the smallest (most negative) ones')
    .register(flags, { value: 'k' }),
  density: z
    .boolean()
    .default(false)
    .describe('also the density of the whole spectrum, by stochastic Lanczos quadrature'),
  probes: z
    .int()
    .min(1)
    .default(10)
    .describe('random vectors for the trace, and for the density')
    .register(flags, { value: 'n' }),
  steps: z.int().min(1).default(50).describe('Lanczos steps a probe, for the density').register(flags, { value: 'n' }),
  microBatch: z
    .int()
    .min(1)
    .optional()
    .describe('examples a call (default: what fits into memory, at most 64)')
    .register(flags, { value: 'n' }),
  ...runtimeKeys,
});

const convergedEigenvalue = z.object({
  value: z.number().describe('the eigenvalue'),
  residual: z.number().describe('||H y - value y||, relative to the largest |eigenvalue|'),
});
export type ConvergedEigenvalue = Of<typeof convergedEigenvalue>;

/** A mean over random probes. */
const probedValue = z.object({
  value: z.number().describe('the estimate'),
  standardError: z.number().nullable().describe('null with one probe'),
});
export type ProbedValue = Of<typeof probedValue>;

/** Stochastic Lanczos quadrature: one Gauss rule a probe. */
const curvatureDensity = z.object({
  probes: z.int().describe('random vectors'),
  steps: z.int().describe('Lanczos steps of each'),
  tolerance: z.number().describe('eigenvalues within this of 0 count as zero'),
  below: probedValue.describe('share of all eigenvalues below zero'),
  zero: probedValue.describe('at zero'),
  above: probedValue.describe('above it'),
  negativeMass: probedValue
    .extend({
      standardError: z.number().nullable().describe('of the jackknife over probes; null with one probe'),
      interval: z
        .object({ low: z.number().describe('lower end'), high: z.number().describe('upper end') })
        .nullable()
        .default(null)
        .describe('95 %, by Student’s t over probes; null with one probe, and in results of older versions'),
    })
    .describe('sum of |eigenvalue| over the negative ones divided by that over all, both summed over all probes'),
  rules: z
    .array(
      z.object({
        nodes: z.array(z.number()).describe('descending'),
        weights: z.array(z.number()).describe('that sum to 1'),
      }),
    )
    .describe('one a probe'),
});
export type CurvatureDensity = Of<typeof curvatureDensity>;

export const curvatureResult = z.object({
  ...subject,
  dataset: z.string().describe('name of the data set'),
  split: z.string().describe('which part of it'),
  examples: z.int().describe('how many examples the loss is averaged over'),
  images: z.string().describe('their positions in the split: 0-199'),
  parameters: z.int().describe('trained parameters: the size of the Hessian'),
  loss: z
    .number()
    .describe('mean cross-entropy in nats in evaluation mode, without weight decay: what is differentiated'),
  gradientNorm: z.number().describe('2-norm of its gradient: 0 at a stationary point'),
  eigenvalues: z.array(convergedEigenvalue).describe('the largest eigenvalues, descending: converged ones only'),
  smallest: z.array(convergedEigenvalue).describe('the smallest (most negative) ones, ascending'),
  wanted: z
    .object({ largest: z.int().describe('of the largest'), smallest: z.int().describe('of the smallest') })
    .describe('how many of each were asked for'),
  trace: probedValue.extend({ probes: z.int().describe('random vectors') }).describe('of the Hessian'),
  meanEigenvalue: probedValue.describe('trace over size'),
  density: curvatureDensity.nullable().describe('null where it was not asked for'),
  products: z.int().describe('Hessian-vector products over all examples'),
  microBatch: z.int().describe('examples a call'),
  seed: z.int().describe('of the probes'),
  ...measuredIn,
});
/** What the curvature of a loss was found to be: extreme eigenvalues, trace and density of the Hessian. */
export type CurvatureResult = Of<typeof curvatureResult>;

/** Version 1 had the mean of the probes' shares for the negative mass; the share of the sums follows from its rules. */
export function withShareOfSums(old: StoredDocument): StoredDocument {
  const result = old.result as CurvatureResult;
  const { density } = result;
  if (!density) return { ...old, version: 2 };
  const sums = (f: (x: number) => number) =>
    density.rules.map(({ nodes, weights }) => nodes.reduce((s, x, i) => s + weights[i]! * f(x), 0));
  const { value, standardError } = ratioOfSums(
    sums((x) => Math.max(0, -x)),
    sums(Math.abs),
  );
  const negativeMass = { value, standardError: density.rules.length < 2 ? null : standardError, interval: null };
  return { ...old, version: 2, result: { ...result, density: { ...density, negativeMass } } };
}
