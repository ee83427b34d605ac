/** Stored results as pages, and the spectra in them. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { place } from './folder.ts';

export const resultPage = z.object({
  kind: z.string().describe('of the result, such as spectrum'),
  page: z.string().nullable().describe('HTML; null for kinds that have none'),
  table: z.string().describe('for a terminal'),
  files: z.array(z.string()).describe('of its figures: SVG and CSV'),
  written: place
    .nullable()
    .describe(
      'the page that was written with the result, which may have pictures that the result does not hold; null where there is none',
    ),
});

export const pageRequest = z.object({ path: place.describe('of a page that was written with a result') });

export const figureRequest = z.object({
  of: place.describe('a stored result, or the folder of a study'),
  part: z
    .enum(['page', 'cost'])
    .default('page')
    .describe('of a study: its report, or its costs as they were drawn last'),
  name: z.string().max(300).describe('one of the files of its figures'),
});

export const spectraRequest = z.object({
  paths: z.array(place).min(1).max(16).describe('stored results of the kinds spectrum, intervene and compare'),
});

export const oneSpectrum = z.object({
  path: place.describe('the result that it is in'),
  network: z.string().describe('model and weights, or what a comparison calls it'),
  image: z.int().nullable().describe('position in the data set; null for means over images'),
  unit: z.string().describe('unit or stage'),
  setting: z.string().describe('how the unit was changed; empty where it was not'),
  depth: z.int().describe('position of the unit in the network, from 0; -1 for stages'),
  count: z.int().describe('singular values that there are'),
  index: z.array(z.int()).describe('of the values that are given, from 0'),
  value: z.array(z.number()).describe('singular values, descending'),
});

export const spectraResponse = z.object({
  spectra: z.array(oneSpectrum).describe('one by one'),
  notes: z.array(z.string()).describe('what was left out, a sentence each'),
});

export const scaledRequest = z.object({
  subject: z
    .record(z.string(), z.unknown())
    .describe('network and data as a request of a spectrum names them; files by their paths below the served folder'),
  image: z.int().min(0).default(0).describe('position in the test set'),
  unit: z.string().min(1).max(200).describe('name of the unit'),
  skipScale: z.number().min(-100).max(100).default(1).describe('a: multiplies the shortcut'),
  weightScale: z.number().min(-100).max(100).default(1).describe('c: multiplies the output of the branch'),
  count: z.int().min(1).max(64).default(10).describe('singular values'),
});

export const scaledTop = z.object({
  values: z.array(z.number()).describe('largest singular values of a S + c DF(x), descending'),
  residual: z.number().describe('largest relative residual among them'),
  seconds: z.number().describe('that it took'),
});

/** A stored result as it is shown. */
export type ResultPage = Of<typeof resultPage>;
/** The singular values of a unit at an image. */
export type OneSpectrum = Of<typeof oneSpectrum>;
