/** Findings F1 to F5 of arXiv 1905.13386 on one network: the request, and what is measured. */
import { z } from 'zod';
import { distribution, measuredIn, subject } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, runtimeKeys } from '../request.ts';
import { interventionResult } from './intervention.ts';
import { growthRatio, perturbationResult } from './perturbation.ts';
import { spectrumResult } from './spectrum.ts';

const count = (min: number, usual: number, what: string) =>
  z.int().min(min).default(usual).describe(what).register(flags, { value: 'n' });

export const reproductionRequest = z.object({
  ...networkKeys,
  model: networkKeys.model
    .default('resnet56')
    .describe(networkKeys.model.description!)
    .register(flags, { value: 'name|file.onnx', group: 'Network' }),
  ...dataKeys,
  images: count(1, 100, 'the first n test images are perturbed'),
  spectrumImages: count(1, 3, 'complete spectra at the first n of them'),
  units: z
    .string()
    .optional()
    .describe('units with complete spectra: all or names (default: as many as the minutes for spectra allow)')
    .register(flags, { value: 'list' }),
  completeOnce: z
    .string()
    .optional()
    .describe(
      'units, by name, with complete spectra at the first image alone and leading values at the others: the costly ones',
    )
    .register(flags, { value: 'list' }),
  spectrumMinutes: count(0, 4, 'what complete spectra may take by estimate'),
  eps: z
    .number()
    .positive('expected a radius above 0')
    .default(2 / 255)
    .describe('linf radius of PGD in pixel units')
    .register(flags, { value: 'radius', unit: 'pixels' }),
  steps: count(1, 10, 'steps of PGD'),
  projectionSteps: count(2, 30, 'Golub-Kahan steps of a projection'),
  projectionImages: count(1, 20, 'perturbations of the first n images are projected'),
  top: leading('leading singular values of stages, and vectors that are projected onto'),
  evalImages: count(1, 1000, 'test images for the accuracy of changed networks'),
  finalRelu: z.boolean().default(false).describe('the ReLU after the addition is part of the maps'),
  pictures: z.boolean().default(true).describe('the images in the report: for data that must not be passed on'),
  ...runtimeKeys,
});

/** What the rank of a unit's branch says about its singular values, over images, without any of them computed. */
const activeUnits = z.object({
  name: z.string().describe('name of the unit'),
  size: z.int().describe('outputs n'),
  hiddenSize: z.int().describe('inner units'),
  active: distribution.describe('active inner units k over images'),
  bound: distribution
    .nullable()
    .describe(
      'at least so many singular values are at the plateau (n - 2k, or 0); null where the shortcut is no identity',
    ),
});

export const reproductionResult = z.object({
  ...subject,
  dataset: z.string().describe('name of the data set'),
  images: z.array(z.int()).describe('positions in the data set'),
  active: z.array(activeUnits).describe('at all images'),
  spectra: spectrumResult.describe('complete spectra of some units, leading values of stages'),
  interventions: z
    .array(interventionResult)
    .describe(
      'skip scales and weight scales of single units with frozen activations, then the same of all units together with recomputed ones',
    ),
  perturbations: perturbationResult.describe('followed through the network and projected'),
  ...measuredIn,
});

/** The growth of perturbations that a reproduction found, on its own: `growth.json` beside published reports. */
export const growthResult = z.object({
  ...subject,
  images: z.int().describe('how many were followed'),
  growth: z.array(growthRatio).describe('at the end of every stage'),
});
export type ActiveUnits = Of<typeof activeUnits>;
/** The findings of arXiv 1905.13386, held against networks of one's own. */
export type ReproductionResult = Of<typeof reproductionResult>;
