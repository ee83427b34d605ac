/** What of stored results is shown. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { clusterKeys } from './cluster.ts';

/** Any results. */
export const storedReportRequest = z.object({
  paths: z
    .array(z.string().min(1))
    .min(1)
    .describe('results: files such as result.json, or folders with some')
    .register(flags, { positional: true, value: 'path' }),
  out: z
    .string()
    .min(1)
    .optional()
    .describe('write the page of each there (NAME.html, report.html where there is one result)')
    .register(flags, { value: 'dir' }),
  figures: z
    .string()
    .min(1)
    .optional()
    .describe('write each figure there as SVG, and what it shows as CSV')
    .register(flags, { value: 'dir' }),
  csv: z
    .boolean()
    .default(false)
    .describe('print the result as comma-separated values, a row for each value of a spectrum'),
});

/** A study, or several. */
export const batchReportRequest = z.object({
  folders: z
    .array(z.string().min(1))
    .min(1)
    .describe('folder of a study, or of an import; several: what the paper says on all of them together')
    .register(flags, { positional: true, value: 'dir' }),
  out: z
    .string()
    .min(1)
    .optional()
    .describe('where the HTML report goes (default: report.html in the folder; several studies have no page without)')
    .register(flags, { value: 'file' }),
  ...clusterKeys,
});

/** What of stored results is shown. */
export type StoredReportRequest = Of<typeof storedReportRequest>;
/** How a study is shown. */
export type BatchReportRequest = Of<typeof batchReportRequest>;
