/**
 * The public API: networks, data, graphs, derivatives and the spectrum instrument.
 *
 * ```ts
 * import { measure } from 'ballast';
 *
 * const { images } = await measure('spectrum', { model: 'resnet20', weights: 'random', dataset: 'shapes', units: 'layer3.1' });
 * console.log(images[0].units[0].plateau);
 * ```
 */
export { type MeasurementName, type MeasureOptions, measure } from './app/index.ts';
export { grad, jvp, linearize, vjp } from './autodiff/index.ts';
export { reportOf, type StudyReport } from './batch/analysis/index.ts';
export { importStudy, readImported } from './batch/import/index.ts';
export { type MeasuredStudy, measuredInFolder, readStudy } from './batch/index.ts';
export { type BatchPlanResult, type PlanRequest, planBatch } from './batch/plan/index.ts';
export { type ImageDataset, loadDataset, parseIndices, shapesDataset, toFloat } from './data/index.ts';
export { BallastError, FileError, InputError, UsageError } from './errors.ts';
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
export { loadNetwork, type Model, modelNamed, type Network, resnet } from './models/index.ts';
export { initialize } from './nn/index.ts';
export { type Graph, GraphBuilder, readModel, type TensorData, tensor, writeModel } from './onnx/index.ts';
export { spectrumTable, terminalPlot } from './report/index.ts';
export { renderCurvatureReport, renderSpectrumReport } from './report/pages.ts';
export { compile, type RuntimeOptions } from './runtime/index.ts';
export { allKinds, jsonSchemaOf, readDocument, requestSchemaOf } from './schema/index.ts';
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
  registerAttack,
  type SpectrumResult,
} from './stability/index.ts';
export { evaluate } from './train/index.ts';
