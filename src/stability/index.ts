export { type Activations, activationsAt } from './activations.ts';
export {
  type Block,
  BlockMeasurement,
  type BlockOptions,
  type MethodChoice,
  planBlock,
  valuesNeeded,
} from './block.ts';
export { folderCache } from './cache.ts';
export { HessianOperator, type HessianRequest, hessianGraph } from './curvature/hessian.ts';
export {
  CurvatureMeasurement,
  type CurvaturePlan,
  type CurvatureRequest,
  measureCurvature,
} from './curvature/measure.ts';
export type * from './curvature/result.ts';
export { LinearizedMap } from './jacobian.ts';
export { nearestNames } from './names.ts';
export { pixelMajorOrder, probeDense, probeSparse } from './probing.ts';
export type * from './result.ts';
export {
  measureSpectra,
  type PlannedBlock,
  type SpectrumCache,
  SpectrumMeasurement,
  type SpectrumPlan,
  type SpectrumRequest,
} from './spectrum.ts';
export { spreadAcrossImages } from './spread.ts';
export { featureCount, findStages, findUnits, type Stage, selectUnits, type Unit } from './units.ts';
