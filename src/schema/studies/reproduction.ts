import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { statements } from './analysis.ts';

/** Studies that Ballast brings along, as files to run, read and copy. */
export const bundledStudyNames = ['cifar10', 'ptb', 'camvid', 'shapes'] as const;

/** Which of them are computed. */
export const bundledStudiesRequest = z.object({
  studies: z
    .array(
      z.enum(bundledStudyNames, {
        error: ({ input }) => `expected some of ${bundledStudyNames.join(', ')}, got "${input}"`,
      }),
    )
    .min(1)
    .default([...bundledStudyNames])
    .describe(`some of ${bundledStudyNames.join(', ')}; only shapes needs no data`)
    .register(flags, { value: 'names' }),
});

const judgedStudies = z.array(z.object({ study: z.string().describe('its name'), statements })).describe('one by one');

export const batchReproductionRequest = z.object({
  studies: z.array(z.string()).describe('which of those that Ballast brings along'),
  folder: z.string().describe('a folder for each of them in it'),
});

/** The statements of a paper, held against the studies that Ballast brings along. */
export const batchReproductionResult = z.object({
  status: z.enum(['complete', 'interrupted']).describe('whether anything is left'),
  failed: z.int().describe('trials that failed'),
  studies: judgedStudies,
});

export const studiesReportRequest = z.object({
  folders: z.array(z.string()).describe('of studies, or of imports'),
});

/** The statements of a paper, held against several studies. */
export const studiesReportResult = z.object({
  studies: judgedStudies,
  statements: statements.describe('held against all of them together, corrected for the observations of all'),
});

/** The statements of a paper, held against the studies that Ballast brings along. */
export type BatchReproductionResult = Of<typeof batchReproductionResult>;
/** The statements of a paper, held against several studies. */
export type StudiesReportResult = Of<typeof studiesReportResult>;
