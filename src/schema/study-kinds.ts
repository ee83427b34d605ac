/** The kinds of what studies of the batch size and trainings write, print and read back. */
import { z } from 'zod';
import { registerKind } from './kind.ts';
import { studyReportRequest, studyReportResult } from './studies/analysis.ts';
import { missingOfStudyResult } from './studies/cost.ts';
import { linearErrorsRequest, linearErrorsResult } from './studies/linear-errors.ts';
import {
  exportedResult,
  exportRequest,
  importedResult,
  importRequest,
  measuredStudyResult,
} from './studies/measured.ts';
import {
  batchPlanOutlineResult,
  batchPlanRequest,
  batchPlanResult,
  formerBatchPlan,
  withPrediction,
} from './studies/plan.ts';
import {
  checkedStudyResult,
  studyCheckRequest,
  studyRunRequest,
  studyRunResult,
  studyStatusRequest,
  studyStatusResult,
} from './studies/progress.ts';
import { queueStateRequest, queueStateResult } from './studies/queue.ts';
import {
  batchReproductionRequest,
  batchReproductionResult,
  studiesReportRequest,
  studiesReportResult,
} from './studies/reproduction.ts';
import { summaries } from './summaries.ts';
import {
  folderRequestResult,
  runConfigRequest,
  runConfigResult,
  trainOutlineResult,
  trainRequest,
  trainResult,
} from './training.ts';

export const trainKind = registerKind({
  kind: 'train',
  version: 1,
  summary: summaries.train,
  request: trainRequest,
  result: trainResult,
});

export const trainOutlineKind = registerKind({
  kind: 'train-outline',
  version: 1,
  summary: summaries['train-outline'],
  request: z.null(),
  result: trainOutlineResult,
});

export const runConfigKind = registerKind({
  kind: 'run-config',
  version: 2,
  summary: summaries['run-config'],
  request: runConfigRequest,
  result: runConfigResult,
  // It did not say where the data lie.
  migrations: { 1: (document) => document },
});

export const folderRequestKind = registerKind({
  kind: 'folder-request',
  version: 1,
  summary: summaries['folder-request'],
  request: z.null(),
  result: folderRequestResult,
});

export const studyReportKind = registerKind({
  kind: 'batch-report',
  version: 1,
  summary: summaries['batch-report'],
  request: studyReportRequest,
  result: studyReportResult,
});

export const studiesReportKind = registerKind({
  kind: 'batch-reports',
  version: 1,
  summary: summaries['batch-reports'],
  request: studiesReportRequest,
  result: studiesReportResult,
});

export const studyRunKind = registerKind({
  kind: 'batch-run',
  version: 1,
  summary: summaries['batch-run'],
  request: studyRunRequest,
  result: studyRunResult,
});

export const missingOfStudyKind = registerKind({
  kind: 'batch-missing',
  version: 1,
  summary: summaries['batch-missing'],
  request: studyRunRequest,
  result: missingOfStudyResult,
});

export const studyStatusKind = registerKind({
  kind: 'batch-status',
  version: 1,
  summary: summaries['batch-status'],
  request: studyStatusRequest,
  result: studyStatusResult,
});

export const checkedStudyKind = registerKind({
  kind: 'batch-check',
  version: 1,
  summary: summaries['batch-check'],
  request: studyCheckRequest,
  result: checkedStudyResult,
});

export const batchPlanKind = registerKind({
  kind: 'batch-plan',
  version: 2,
  summary: summaries['batch-plan'],
  request: batchPlanRequest,
  result: batchPlanResult,
  former: formerBatchPlan,
  migrations: { 1: withPrediction },
});

export const batchPlanOutlineKind = registerKind({
  kind: 'batch-plan-outline',
  version: 1,
  summary: summaries['batch-plan-outline'],
  request: batchPlanRequest,
  result: batchPlanOutlineResult,
});

export const linearErrorsKind = registerKind({
  kind: 'linear-errors',
  version: 1,
  summary: summaries['linear-errors'],
  request: linearErrorsRequest,
  result: linearErrorsResult,
});

export const measuredStudyKind = registerKind({
  kind: 'measured-study',
  version: 1,
  summary: summaries['measured-study'],
  request: importRequest,
  result: measuredStudyResult,
});

export const importedKind = registerKind({
  kind: 'batch-import',
  version: 1,
  summary: summaries['batch-import'],
  request: importRequest,
  result: importedResult,
});

export const exportedKind = registerKind({
  kind: 'batch-export',
  version: 1,
  summary: summaries['batch-export'],
  request: exportRequest,
  result: exportedResult,
});

export const queueStateKind = registerKind({
  kind: 'queue-status',
  version: 1,
  summary: summaries['queue-status'],
  request: queueStateRequest,
  result: queueStateResult,
});

export const batchReproductionKind = registerKind({
  kind: 'reproduce-batch',
  version: 1,
  summary: summaries['reproduce-batch'],
  request: batchReproductionRequest,
  result: batchReproductionResult,
});
