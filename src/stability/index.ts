export type { ResultCache } from '../formats/index.ts';
export { nearestNames } from '../names.ts';
export type { ActiveUnits, ReproductionResult, SeenImage } from '../schema/index.ts';
export { type Distribution, type Interval, medianInterval } from '../statistics.ts';
export { type Activations, activationsAt, activationsFrom } from './activations.ts';
export { countActiveUnits } from './active-units.ts';
export * from './alignment/measure.ts';
export type * from './alignment/result.ts';
export {
  type Block,
  BlockMeasurement,
  type BlockOptions,
  type MethodChoice,
  planBlock,
  valuesNeeded,
} from './block.ts';
export type { BranchRequest } from './branches.ts';
export * from './comparison/measure.ts';
export * from './convolutions/measure.ts';
export type * from './convolutions/result.ts';
export { HessianOperator, type HessianRequest, hessianGraph } from './curvature/hessian.ts';
export {
  CurvatureMeasurement,
  type CurvaturePlan,
  type CurvatureRequest,
  measureCurvature,
} from './curvature/measure.ts';
export type * from './curvature/result.ts';
export * from './eigenvalues/measure.ts';
export type * from './eigenvalues/result.ts';
export { environmentOf } from './environment.ts';
export {
  type FinalGrowth,
  type GrowthByStage,
  growthByStage,
  type MeanRatio,
  type StageExcess,
} from './excess-growth.ts';
export * from './findings/index.ts';
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
export { attackImages } from './perturbation-attack.ts';
export { measurePerturbations, type PerturbationPixels } from './perturbation-measurement.ts';
export type * from './perturbation-result.ts';
export {
  defaultRadii,
  gradientsOf,
  type PerturbationRequest,
  perturbationCache,
  plainPgd,
  requirePossible,
} from './perturbation-setting.ts';
export * from './perturbations/index.ts';
export { pixelMajorOrder, probeDense, probeSparse } from './probing.ts';
export type { EnergyShares, ImageEnergies, ProjectedBlock, ProjectedKind } from './projections/index.ts';
export {
  affordableUnits,
  partFolders,
  Reproduction,
  type ReproductionPlan,
  type ReproductionRequest,
} from './reproduction.ts';
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
export { relativeDifference, spreadAcrossImages } from './spread.ts';
export {
  featureCount,
  findStages,
  findUnits,
  type SkippedJoin,
  type Stage,
  selectUnits,
  skippedJoins,
  type Unit,
} from './units.ts';
export { type UntrainedControlRequest, untrainedControl } from './untrained-control.ts';
