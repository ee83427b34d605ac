/** What is measured of alignment, as its schema says: see `schema/alignment.ts`. */
export type {
  AlignmentMatrices,
  AlignmentResult,
  RepresentationPath,
  StageAlignment,
  StageSummary,
  UnitMatrix,
} from '../../schema/index.ts';
