export { nearestNames } from '../base/names.ts';
export { type Distribution, type Interval, medianInterval } from '../base/statistics.ts';
export type { ResultCache } from '../formats/index.ts';
export type { ActiveUnits, ReproductionResult, SeenImage } from '../schema/index.ts';
export * from './alignment/measure.ts';
export type * from './alignment/result.ts';
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
export * from './findings/index.ts';
export { type Intervention, intervene, intervenedNetwork, type Scales } from './interventions/intervention.ts';
export {
  InterventionMeasurement,
  type InterventionPlan,
  interventionCache,
  measureIntervention,
} from './interventions/intervention-measurement.ts';
export type * from './interventions/intervention-result.ts';
export type { InterventionCache, InterventionRequest } from './interventions/intervention-setting.ts';
export { ScaledUnit, type ScaledUnitRequest, type TopOfSpectrum } from './interventions/scaled-unit.ts';
export {
  type FinalGrowth,
  type GrowthByStage,
  growthByStage,
  type MeanRatio,
  type StageExcess,
} from './perturbations/excess-growth.ts';
export * from './perturbations/index.ts';
export { attackImages } from './perturbations/perturbation-attack.ts';
export { measurePerturbations, type PerturbationPixels } from './perturbations/perturbation-measurement.ts';
export { incompleteGroups, measurePerturbationPiece } from './perturbations/perturbation-pieces.ts';
export {
  gradientsOf,
  type PerturbationCost,
  perturbationCost,
  requirePossible,
} from './perturbations/perturbation-plan.ts';
export type * from './perturbations/perturbation-result.ts';
export {
  defaultRadii,
  type PerturbationRequest,
  perturbationCache,
  plainPgd,
  untrainedCache,
} from './perturbations/perturbation-setting.ts';
export { freshTwin, type UntrainedControlRequest, untrainedControl } from './perturbations/untrained-control.ts';
export type {
  EnergyShares,
  ImageEnergies,
  ProjectedBlock,
  ProjectedGradient,
  ProjectedKind,
} from './projections/index.ts';
export {
  affordableUnits,
  partFolders,
  Reproduction,
  type ReproductionPlan,
  type ReproductionRequest,
} from './reproduction.ts';
export type * from './result.ts';
export { countActiveUnits } from './spectra/active-units.ts';
export { LinearizedMap } from './spectra/jacobian.ts';
export { pixelMajorOrder, probeDense, probeSparse } from './spectra/probing.ts';
export { folderCache } from './spectra/spectra-cache.ts';
export {
  measureSpectra,
  type PlannedBlock,
  type SpectrumCache,
  SpectrumMeasurement,
  type SpectrumPlan,
  type SpectrumRequest,
} from './spectra/spectrum.ts';
export { spectrumPieces } from './spectra/spectrum-pieces.ts';
export { relativeDifference, spreadAcrossImages } from './spectra/spread.ts';
export * from './tokens/measure.ts';
export { type Activations, activationsAt, activationsFrom } from './units/activations.ts';
export { BlockMeasurement, type BlockOptions } from './units/block.ts';
export { type Block, valuesNeeded } from './units/block-ends.ts';
export { type BlockPlan, type MethodChoice, planBlock } from './units/block-plan.ts';
export type { BranchRequest } from './units/branches.ts';
export {
  featureCount,
  findStages,
  findUnits,
  type SkippedJoin,
  type Stage,
  selectUnits,
  skippedJoins,
  type Unit,
} from './units/units.ts';
