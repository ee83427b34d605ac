export { jsonCache, type ResultCache } from '../formats/index.ts';
export { type Activations, activationsAt, activationsFrom } from './activations.ts';
export {
  type Block,
  BlockMeasurement,
  type BlockOptions,
  type MethodChoice,
  planBlock,
  valuesNeeded,
} from './block.ts';
export { HessianOperator, type HessianRequest, hessianGraph } from './curvature/hessian.ts';
export {
  CurvatureMeasurement,
  type CurvaturePlan,
  type CurvatureRequest,
  measureCurvature,
} from './curvature/measure.ts';
export type * from './curvature/result.ts';
export { type Intervention, intervene, intervenedNetwork, type Scales } from './intervention.ts';
export {
  InterventionMeasurement,
  type InterventionPlan,
  interventionCache,
  measureIntervention,
} from './intervention-measurement.ts';
export type * from './intervention-result.ts';
export type { InterventionCache, InterventionRequest } from './intervention-setting.ts';
export { LinearizedMap } from './jacobian.ts';
export { nearestNames } from './names.ts';
export * from './perturbation.ts';
export type * from './perturbation-result.ts';
export * from './perturbations/index.ts';
export { pixelMajorOrder, probeDense, probeSparse } from './probing.ts';
export type { EnergyShares, ImageEnergies, ProjectedBlock, ProjectedKind } from './projections/index.ts';
export type * from './result.ts';
export { folderCache } from './spectra-cache.ts';
export {
  measureSpectra,
  type PlannedBlock,
  type SpectrumCache,
  SpectrumMeasurement,
  type SpectrumPlan,
  type SpectrumRequest,
} from './spectrum.ts';
export { spreadAcrossImages } from './spread.ts';
export { type Distribution, type Interval, medianInterval } from './statistics.ts';
export { featureCount, findStages, findUnits, type Stage, selectUnits, type Unit } from './units.ts';
