/** Singular values of residual units and stages: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, pictured } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, runtimeKeys, testImages } from '../request.ts';

export const spectrumRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  images: testImages,
  units: z
    .string()
    .default('all')
    .describe('all, none, names (layer3.4,layer3.8) or runs (layer3.1..layer3.4)')
    .register(flags, { value: 'list' }),
  stages: z.boolean().default(false).describe('also linearize every stage as a whole (its leading singular values)'),
  whole: z
    .boolean()
    .default(false)
    .describe('also linearize the whole network, from its input to its logits: as many singular values as classes'),
  finalRelu: z
    .boolean()
    .default(false)
    .describe('the ReLU after the last addition is part of the map (default: the map ends at the addition)'),
  method: z
    .enum(['auto', 'dense', 'structured', 'lanczos'])
    .default('auto')
    .describe(
      'auto picks the cheaper exact one for units, and leading values for what does not fit into memory or an hour',
    )
    .register(flags, { value: 'how' }),
  top: leading('leading values where a spectrum is not computed in full'),
  ...runtimeKeys,
});

const plateau = z.object({
  value: z
    .number()
    .describe('the value that most singular values of a residual unit share: |a|, a the skip scale (paper: 1)'),
  count: z.int().describe('how many singular values lie within the tolerance of it'),
});

/** Singular values of the linearization of one residual unit, one run of units or one stage at one image. */
export const blockSpectrum = z.object({
  name: z.string().describe('name of the unit (layer3.4), the run (layer3.1..layer3.4) or the stage (layer3)'),
  shape: z.tuple([z.int(), z.int()]).describe('outputs x inputs of the Jacobian'),
  finalRelu: z.boolean().describe('whether the ReLU after the last addition is part of the map'),
  method: z.enum(['dense', 'structured', 'lanczos']).describe('how the values were computed'),
  singularValues: z
    .array(z.number())
    .describe('descending: all min(rows, cols) of them when complete, else the leading ones that converged'),
  unconverged: z
    .array(
      z.object({
        value: z.number().describe('the approximation'),
        within: z.number().describe('some singular value lies no farther from it than this'),
      }),
    )
    .optional()
    .describe('leading values after these that were searched and did not converge'),
  complete: z.boolean().describe('whether these are all'),
  plateau: plateau.nullable().describe('the value that most of them share'),
  above: z.int().nullable().describe('how many lie above the plateau; null when the spectrum is not complete'),
  below: z.int().nullable().describe('how many lie below it; likewise'),
  zero: z
    .int()
    .nullable()
    .describe('values at zero; they are also counted below, or at the plateau where that is zero'),
  tolerance: z.number().describe('within which a value counts as at the plateau or at zero'),
  activeHidden: z.int().nullable().describe('active inner units k; null when the block has no single inner ReLU'),
  hiddenSize: z.int().nullable().describe('how many inner units there are'),
  bound: z
    .int()
    .nullable()
    .describe(
      'lower bound on the multiplicity of the plateau: n - 2k, n - k without a shortcut (a = 0), 0 when negative; null when it does not apply',
    ),
  maxResidual: z.number().describe('largest residual of the values, relative to the largest singular value'),
  seconds: z.number().describe('how long it took'),
});
export type BlockSpectrum = Of<typeof blockSpectrum>;

export const stageSpectrum = blockSpectrum.extend({
  units: z.array(z.string()).describe('names of the units that make up the stage, in order'),
  productOfUnitNorms: z
    .number()
    .nullable()
    .describe('product of the largest singular values of its units, where they were measured too'),
});

export const imageSpectra = z.object({
  index: z.int().describe('position in the data set'),
  label: z.int().describe('its class'),
  predicted: z.int().describe('the class that the network answers'),
  logits: z.array(z.number()).describe('of every class'),
  units: z.array(blockSpectrum).describe('in the order of the network'),
  stages: z.array(stageSpectrum).describe('where they were asked for'),
  network: blockSpectrum
    .optional()
    .describe('of the whole network, from the pixels (0 to 1) to the logits, where it was asked for'),
});

/** Across images, per unit. */
export const unitSpread = z.object({
  name: z.string().describe('name of the unit'),
  mean: z.array(z.number()).describe('of the i-th singular value'),
  std: z.array(z.number()).describe('standard deviation of the i-th singular value'),
  relativeDifference: z
    .number()
    .describe("mean over pairs of images of ||s - s'|| / ||(s + s') / 2||, s the sorted values"),
});

export const spectrumResult = z.object({
  ...pictured,
  finalRelu: z.boolean().describe('whether the ReLU after the last addition is part of the maps'),
  images: z.array(imageSpectra).describe('image by image'),
  spread: z.array(unitSpread).describe('across images; empty with one image'),
  unmeasured: z
    .array(
      z.object({
        name: z.string().describe('of the block'),
        because: z.string().describe('the reason'),
      }),
    )
    .optional()
    .describe('blocks that could not be measured'),
  ...measuredIn,
});
export type StageSpectrum = Of<typeof stageSpectrum>;
export type ImageSpectra = Of<typeof imageSpectra>;
export type UnitSpread = Of<typeof unitSpread>;
/** The spectra of units and stages at images, with what is known about each network, method and error. */
export type SpectrumResult = Of<typeof spectrumResult>;
export type PlateauCount = Of<typeof plateau>;
