/** Forms of requests, results and files: zod alone. Importing it makes all kinds known. */

export { checkRequest } from './check-request.ts';
export * from './commands/index.ts';
export type { Distribution, Environment, Interval, SeenImage } from './common.ts';
export { checkDocument, type Document, firstProblem, readDocument, toDocument } from './document.ts';
export { type Flag, flags } from './flags.ts';
export { jsonSchemaOf, jsonSchemaOptions, requestSchemaOf } from './json-schema.ts';
export { allKinds, documentOf, type Kind, kindNamed, registerKind, type StoredDocument } from './kind.ts';
export * from './kinds.ts';
export * from './list-kinds.ts';
export type * from './lists.ts';
export type * from './measurements/alignment.ts';
export type * from './measurements/branches.ts';
export type * from './measurements/comparison.ts';
export type * from './measurements/convolutions.ts';
export type * from './measurements/curvature.ts';
export type * from './measurements/eigenvalues.ts';
export type * from './measurements/evaluation.ts';
export type * from './measurements/intervention.ts';
export type * from './measurements/perturbation.ts';
export type * from './measurements/reproduction.ts';
export type * from './measurements/spectrum.ts';
export type * from './measurements/study-stability.ts';
export type * from './measurements/tokens.ts';
export { attacks } from './names/attacks.ts';
export { dataSets } from './names/data-sets.ts';
export { addModelFamily, builtInFamilies, type ModelFamily, modelFamilies, modelName } from './names/model-families.ts';
export { type OpenNames, openNames, openNamesOf, type SuggestedNames, suggestionsOf } from './names/open-names.ts';
export { type Part, partForms } from './parts.ts';
export * from './queue.ts';
export * from './queue-choice.ts';
export * from './queue-payload.ts';
export * from './queue-piece.ts';
export type { Of } from './readonly.ts';
export { dataKeys, folderPath, mostThreads, runtimeKeys } from './request.ts';
export type * from './studies/analysis.ts';
export type * from './studies/cost.ts';
export type { LinearErrorRow, LinearErrorsRequest } from './studies/linear-errors.ts';
export {
  type ExportedSummary,
  type ExportRequest,
  exportFormatNames,
  exportRequest,
  type ImportedSummary,
  type ImportRequest,
  importRequest,
  measuredStudyResult,
  measuredWorkload,
  measurementColumns,
} from './studies/measured.ts';
export type { BatchPlanOutline, BatchPlanRequest, BatchPlanResult } from './studies/plan.ts';
export type * from './studies/progress.ts';
export { studyCheckRequest, studyFileKey, studyRunKeys } from './studies/progress.ts';
export type * from './studies/queue.ts';
export type * from './studies/reproduction.ts';
export { bundledStudiesRequest, bundledStudyNames } from './studies/reproduction.ts';
export { type ScheduleRequest, scheduleRequest } from './studies/schedule.ts';
export * from './study-kinds.ts';
export { summaries } from './summaries.ts';
export type * from './training.ts';
export { metricsRecord } from './training.ts';
