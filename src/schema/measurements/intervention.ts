/** Scaled skip connections and branches: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, pictured } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, positions, runtimeKeys, testImages } from '../request.ts';
import { blockSpectrum } from './spectrum.ts';

const distinct = (values: readonly number[]) => new Set(values).size === values.length;
const scaleList = z.array(z.number()).min(1).refine(distinct, 'a number is named twice');

export const interventionRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  unit: z
    .string()
    .min(1)
    .describe('units to change: all, names (layer3.4,layer3.8) or runs (layer3.1..layer3.4)')
    .register(flags, { value: 'list' }),
  skipScale: scaleList
    .default([1])
    .describe('scales a of the skip connection, e.g. 0,0.5,1,2')
    .register(flags, { value: 'list' }),
  weightScale: scaleList
    .default([1])
    .describe('scales c of the branch’s output; each goes with each a')
    .register(flags, { value: 'list' }),
  recompute: z
    .boolean()
    .default(false)
    .describe('linearize at the activations of the changed network, not of the unchanged one'),
  measure: z
    .string()
    .optional()
    .describe('units whose spectra are measured, or none (default: those that are changed)')
    .register(flags, { value: 'list' }),
  images: testImages,
  evalImages: z
    .int()
    .min(1)
    .default(1000)
    .describe('test images for the accuracy, the same share of every class')
    .register(flags, { value: 'n' }),
  growth: positions
    .optional()
    .describe('also follow PGD and random perturbations of these images through every changed network')
    .register(flags, { value: 'list' }),
  eps: z
    .number()
    .positive('expected a radius above 0')
    .default(2 / 255)
    .describe('linf radius of these perturbations in pixel units')
    .register(flags, { value: 'radius', unit: 'pixels' }),
  finalRelu: z
    .boolean()
    .default(false)
    .describe('the ReLU after the addition is part of the map (default: the map ends at the addition)'),
  method: z
    .enum(['auto', 'dense', 'structured', 'lanczos'])
    .default('auto')
    .describe('auto picks the cheaper exact one')
    .register(flags, { value: 'how' }),
  top: leading('leading values where a spectrum is not computed in full'),
  ...runtimeKeys,
});

/** The spectrum of one unit with its scales at one image. */
export const scaledSpectrum = blockSpectrum.extend({
  image: z.int().describe('position in the data set'),
  max: z.number().nullable().describe('largest singular value'),
  min: z.number().nullable().describe('smallest one; null when the spectrum is not complete'),
  change: z
    .number()
    .nullable()
    .describe(
      "||s - s'|| / ||(s + s') / 2||, s' the unchanged unit's sorted values at this image; null where one is not complete",
    ),
});

/** What the changed network as a whole does, whatever the operating point of the spectra. */
export const scaledAccuracy = z.object({
  accuracy: z.number().describe('share of the evaluation images, 0 .. 1'),
  loss: z.number().nullable().describe('mean cross-entropy in nats; null where logits overflow'),
  evaluated: z.int().describe('number of evaluation images'),
});
export type ScaledAccuracy = Of<typeof scaledAccuracy>;

/** How perturbations of images grow on their way through the changed network. */
export const scaledGrowth = z.object({
  images: z.int().describe('how many were attacked'),
  followed: z
    .int()
    .describe('those that the changed network answers correctly, and whose perturbation is therefore not zero'),
  eps: z.number().describe('linf radius of PGD in pixel units'),
  steps: z.int().describe('of PGD'),
  accuracyUnderAttack: z.number().describe('share of the images'),
  layers: z
    .array(
      z.object({
        name: z.string().describe('the image, a unit or the logits'),
        adversarial: z.number().nullable().describe('median of ‖d‖ / ‖x‖'),
        random: z.number().nullable().describe('the same of noise'),
      }),
    )
    .describe('from the image over all units to the logits; empty where nothing was followed'),
});
export type ScaledGrowth = Of<typeof scaledGrowth>;

export const scaledNetwork = scaledAccuracy.extend({
  skipScale: z.number().describe('a: multiplies the shortcut'),
  weightScale: z.number().describe('c: multiplies the output of the branch'),
  predicted: z.array(z.int()).describe('classes of the images, in their order'),
  units: z.array(scaledSpectrum).describe("image by image, units in the network's order"),
  growth: scaledGrowth.nullable().describe('null where it was not asked for'),
});

export const interventionResult = z.object({
  ...pictured,
  finalRelu: z.boolean().describe('whether the ReLU after the last addition is part of the maps'),
  operatingPoint: z
    .enum(['frozen', 'recomputed'])
    .describe(
      'where the changed units are linearized: at the activations of the unchanged network, or of the changed one',
    ),
  changed: z.array(z.string()).describe("the units with other scales, in the network's order"),
  measured: z.array(z.string()).describe('the units whose spectra were measured'),
  images: z
    .array(z.object({ index: z.int().describe('position in the data set'), label: z.int().describe('its class') }))
    .describe('those at which units are linearized'),
  unchanged: scaledNetwork.describe('the network as it is'),
  scales: z.array(scaledNetwork).describe('one for each pair of scales, skip scales first'),
  ...measuredIn,
});
export type ScaledSpectrum = Of<typeof scaledSpectrum>;
export type ScaledNetwork = Of<typeof scaledNetwork>;
/** What scaling its branches does to a network. */
export type InterventionResult = Of<typeof interventionResult>;
