/**
 * The public API: both instruments, the training, and what they are made of. What is here is also in the entry of its topic, with more beside it: `ballast/onnx`,
 * `/autodiff`, `/linalg`, `/runtime`, `/data`, `/models`, `/train`, `/stability`, `/study`, `/report`, `/schema`.
 *
 * ```ts
 * import { measure } from 'ballast';
 *
 * const { images } = await measure('spectrum', { model: 'resnet20', weights: 'random', dataset: 'shapes', units: 'layer3.1' });
 * console.log(images[0].units[0].plateau);
 * ```
 */

export { allKinds, jsonSchemaOf, readDocument, requestSchemaOf } from './api/schema.ts';
export {
  activationsAt,
  BlockMeasurement,
  type CurvatureResult,
  findStages,
  findUnits,
  HessianOperator,
  LinearizedMap,
  measureAlignment,
  measureConvolutions,
  measureCurvature,
  measureEigenvalues,
  measureSpectra,
  measureTokens,
  registerAttack,
  type SpectrumResult,
} from './api/stability.ts';
export {
  type BatchPlanResult,
  type ComputedStudy,
  computeStudy,
  importStudy,
  type LayOut,
  layingOut,
  type MeasuredStudy,
  measuredInFolder,
  type PlanRequest,
  planBatch,
  readImported,
  readStudy,
  registerStrategy,
  reportOf,
  type StudyOptions,
  type StudyReport,
  studyReport,
  writeStudyReport,
} from './api/study.ts';
export {
  evaluate,
  type RunConfig,
  type RunResult,
  registerSchedule,
  type TrainingWish,
  trainingConfig,
  trainNetwork,
  trainRun,
} from './api/train.ts';
export { type MeasurementName, type MeasurementPlan, type MeasureOptions, measure } from './app/index.ts';
export { type RenderedResult, renderStored } from './app/stored-results.ts';
export { grad, jvp, linearize, vjp } from './autodiff/index.ts';
export { BallastError, FileError, InputError, UsageError } from './base/errors.ts';
export {
  type DatasetDescription,
  type ImageDataset,
  loadDataset,
  parseIndices,
  registerDataset,
  shapesDataset,
  toFloat,
} from './data/index.ts';
export { readWeights, writeNpz, writeSafetensors } from './formats/index.ts';
export { type Measurement, registerMeasurement } from './instrument/index.ts';
export {
  arnoldi,
  denseOperator,
  eigenvalueDensity,
  extremeEigenpairs,
  hutchinsonTrace,
  type LinearOperator,
  spectralDensity,
  symmetricBandEigenvalues,
  symmetricEigenvalues,
  topSingularTriplets,
} from './linalg/index.ts';
export {
  type GraphNetworkOptions,
  loadNetwork,
  type Model,
  type ModelDescription,
  modelNamed,
  type Network,
  networkFromGraph,
  registerModel,
  resnet,
} from './models/index.ts';
export { initialize } from './nn/index.ts';
export { type Graph, GraphBuilder, readModel, type TensorData, tensor, writeModel } from './onnx/index.ts';
export { spectrumTable, terminalPlot } from './report/index.ts';
export { compile, type RuntimeOptions } from './runtime/index.ts';
