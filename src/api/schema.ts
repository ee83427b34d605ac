/**
 * The forms of requests, results and files: every result is a document `{ kind, version, ballast, created, environment, request, result }`.
 *
 * ```ts
 * import { jsonSchemaOf, kindNamed, readDocument } from 'ballast/schema';
 *
 * const { kind, result } = await readDocument('out/spectrum/result.json');
 * console.log(kind, result, JSON.stringify(jsonSchemaOf(kindNamed('spectrum')!)));
 * ```
 */
export {
  type AlignmentResult,
  allKinds,
  type ConvolutionsResult,
  type CurvatureResult,
  checkDocument,
  type Document,
  documentOf,
  type EigenvaluesResult,
  type EvaluationResult,
  type InterventionResult,
  jsonSchemaOf,
  type Kind,
  kindNamed,
  type PerturbationResult,
  type ReproductionResult,
  readDocument,
  registerKind,
  requestSchemaOf,
  type SpectrumResult,
  type StoredDocument,
  type StudyStability,
  type TokensResult,
  toDocument,
} from '../schema/index.ts';
