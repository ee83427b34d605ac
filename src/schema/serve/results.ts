/** Stored results as pages, and the spectra in them. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { place } from './folder.ts';

export const resultPage = z.object({
  kind: z.string().describe('of the result, such as spectrum'),
  page: z.string().nullable().describe('HTML; null for kinds that have none'),
  table: z.string().describe('for a terminal'),
  files: z.array(z.string()).describe('of its figures: SVG and CSV'),
});

export const figureRequest = z.object({
  of: place.describe('a stored result, or the folder of a study'),
  part: z
    .enum(['page', 'cost'])
    .default('page')
    .describe('of a study: its report, or its costs as they were drawn last'),
  name: z.string().max(300).describe('one of the files of its figures'),
});

export const spectraRequest = z.object({
  paths: z.array(place).min(1).max(16).describe('stored results of the kind spectrum or intervene'),
});

export const oneSpectrum = z.object({
  path: place.describe('the result that it is in'),
  network: z.string().describe('model and weights'),
  image: z.int().describe('position in the data set'),
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

/** A stored result as it is shown. */
export type ResultPage = Of<typeof resultPage>;
/** The singular values of a unit at an image. */
export type OneSpectrum = Of<typeof oneSpectrum>;
