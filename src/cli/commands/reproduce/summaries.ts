/** The commands of `ballast reproduce`, each in a line: shown before any of them is loaded. */
import { summaries as measurements } from '../../../schema/summaries.ts';

export const reproduceSummaries = {
  stability: measurements['reproduce-stability'],
  batch:
    'The statements of Golmant et al. (arXiv 1811.12941) on studies of classification, language and segmentation that Ballast brings along: runs what is missing of them, then reports',
} as const;
