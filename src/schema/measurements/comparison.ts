/** Networks side by side at the same images: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, subject } from '../common.ts';
import { flags } from '../flags.ts';
import { attacks } from '../names/attacks.ts';
import { modelName } from '../names/model-families.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, positions, runtimeKeys } from '../request.ts';
import { growthByStage, norm } from './perturbation.ts';

const compared = 'Networks';
const attackGroup = 'Attack';
const spectraGroup = 'Singular values';

export const comparisonRequest = z.object({
  ...networkKeys,
  model: modelName
    .optional()
    .describe(
      'built-in model of all weights, or several, or ONNX files, with commas between them (default: that of the run whose checkpoints are compared)',
    )
    .register(flags, { value: 'names|files', group: compared }),
  weights: z
    .string()
    .optional()
    .describe('checkpoints with commas between them, the baseline first; "random" for fresh values')
    .register(flags, { value: 'files', group: compared }),
  checkpoints: z
    .string()
    .optional()
    .describe(
      'instead: a folder of checkpoints, or of a run of `ballast train` that kept some, followed in their order; the first is the baseline',
    )
    .register(flags, { value: 'dir', group: compared }),
  names: z
    .string()
    .optional()
    .describe('what the networks are called, with commas between them (default: names of the files)')
    .register(flags, { value: 'list', group: compared }),
  ...dataKeys,
  images: positions
    .default('0-99')
    .describe('positions in the test set that all networks are attacked at')
    .register(flags, { value: 'list' }),
  attack: attacks.schema
    .default('pgd')
    .describe('fgsm, pgd and apgd; deepfool and cw are judged at each radius')
    .register(flags, { value: 'name', group: attackGroup }),
  norm: norm.default('linf').describe('of the radii').register(flags, { value: 'norm', group: attackGroup }),
  eps: z
    .array(z.number().positive('expected radii above 0'))
    .min(1)
    .default([1 / 255, 2 / 255, 4 / 255, 8 / 255])
    .describe('radii of the curve in pixel units; growth is that of the first')
    .register(flags, { value: 'list', unit: 'pixels', group: attackGroup }),
  steps: z.int().min(1).default(10).describe('steps of the attack').register(flags, { value: 'n', group: attackGroup }),
  units: z
    .string()
    .default('last')
    .describe('whose spectra: last (of the final stage), ends (of every stage), all, none, or names and runs')
    .register(flags, { value: 'list', group: spectraGroup }),
  spectrumImages: z
    .int()
    .min(1)
    .default(1)
    .describe('at the first so many of the images')
    .register(flags, { value: 'n', group: spectraGroup }),
  method: z
    .enum(['auto', 'dense', 'structured', 'lanczos'])
    .default('auto')
    .describe('lanczos: leading values only')
    .register(flags, { value: 'how', group: spectraGroup }),
  top: leading('leading values that are listed'),
  ...runtimeKeys,
});
export type ComparisonRequest = Of<typeof comparisonRequest>;

export const accuracyPoint = z.object({
  eps: z.number().describe('radius in pixel units; 0: unperturbed'),
  right: z.int().describe('images answered correctly'),
  accuracy: z.number().describe('their share'),
  low: z.number().describe('lower end of its exact 95 % interval (Clopper and Pearson)'),
  high: z.number().describe('upper end'),
});

export const comparedSpectrum = z.object({
  name: z.string().describe('unit or run of units'),
  values: z.array(z.number()).describe('leading singular values, means over images, descending'),
  plateau: z.number().nullable().describe('the value that most share; null where there is none'),
  atPlateau: z
    .number()
    .nullable()
    .describe('share of the values at it, mean over images; null where spectra are not complete'),
});

export const comparedTraining = z.object({
  distance: z
    .number()
    .nullable()
    .describe(
      'Euclidean distance of the trained weights from those of the first checkpoint, over the norm of the latter; null where the file does not say what is trained',
    ),
  batchSize: z.number().nullable().describe('that the last step before it was made with; null where no log says so'),
  learningRate: z.number().nullable().describe('likewise'),
});

export const comparedNetwork = z.object({
  name: z.string().describe('what it is called here'),
  ...subject,
  step: z.number().nullable().describe('of training, where its checkpoint says so'),
  training: comparedTraining.optional().describe('what is known of the training up to there; of checkpoints alone'),
  curve: z.array(accuracyPoint).describe('accuracy against radius, from 0'),
  spectra: z.array(comparedSpectrum).describe('unit by unit'),
  growth: growthByStage.describe('of the attack at the first radius over its controls of the same length'),
});

export const pairedPoint = z.object({
  eps: z.number().describe('radius; 0: unperturbed'),
  onlyBaseline: z.int().describe('images that only the baseline answers correctly'),
  onlyThis: z.int().describe('images that only this network does'),
  difference: z.number().describe('accuracy of this network less that of the baseline'),
  low: z.number().describe('lower end of its 95 % interval (Tango)'),
  high: z.number().describe('upper end'),
  p: z.number().describe('exact, two-sided (McNemar), corrected over all networks and radii (Holm)'),
});

export const comparisonResult = z.object({
  dataset: z.string().describe('name of the data set'),
  images: z.array(z.int()).describe('positions in it'),
  settings: z
    .object({
      attack: z.string().describe('name of the attack'),
      norm: norm.describe('of the radii'),
      eps: z.array(z.number()).describe('radii'),
      steps: z.int().describe('of the attack'),
      units: z.string().describe('whose spectra'),
      spectrumImages: z.array(z.int()).describe('positions at which units are linearized'),
      seed: z.int().describe('of everything random'),
    })
    .describe('what was asked for'),
  networks: z.array(comparedNetwork).describe('the baseline first'),
  differences: z
    .array(
      z.object({ name: z.string().describe('of the network'), points: z.array(pairedPoint).describe('by radius') }),
    )
    .describe('of each other network from the baseline, image by image'),
  ...measuredIn,
});
export type ComparedSpectrum = Of<typeof comparedSpectrum>;
export type ComparedTraining = Of<typeof comparedTraining>;
export type ComparedNetwork = Of<typeof comparedNetwork>;
export type PairedPoint = Of<typeof pairedPoint>;
export type ComparisonResult = Of<typeof comparisonResult>;
