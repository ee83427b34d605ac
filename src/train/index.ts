/** Training and evaluation: one graph a step, optimizers, runs that resume exactly. */

export { type CalibrationRequest, calibrateBatchNorm } from './calibration.ts';
export { fittedTo } from './fitted.ts';
export { concatFlat, type FlatLayout, flatLayout, splitFlat } from './flat.ts';
export { type BatchSizes, type GradientSquares, noiseOfStep } from './noise-scale.ts';
export {
  type Optimizer,
  type OptimizerOptions,
  optimizerNamed,
  optimizerNames,
  optimizerOptions,
  type ParameterGroup,
  parameterGroups,
} from './optimizers/index.ts';
export { BatchPlan } from './run/batch-plan.ts';
export { type Checkpoint, CheckpointFolder, checkpointName, type RunProgress } from './run/checkpoint.ts';
export { parseDuration } from './run/duration.ts';
export { chooseMicroBatch } from './run/memory.ts';
export { type MetricsRecord, readMetrics } from './run/metrics-log.ts';
export { keptStates, type RunRequest, type RunResult, type RunSettings, type RunStatus, run } from './run/run.ts';
export {
  type BegunRun,
  configHash,
  definingSettings,
  dependsOnLength,
  formerConfigHash,
  type RunConfig,
  readBegunRun,
  readRunConfig,
  requireSame,
  runConfigSchema,
  writeRunConfig,
} from './run/run-config.ts';
export { type OpenedRun, openRun, type RunWish } from './run/run-folder.ts';
export {
  createTrainer,
  fittingMicroBatch,
  type NetworkTraining,
  type PlannedConfig,
  planTraining,
  rateOf,
  requireStepMemory,
  type TrainingData,
  type TrainingPlan,
  trainNetwork,
} from './run/train-network.ts';
export * from './settings/index.ts';
export { settingsFrom, type TrainingWish, trainingConfig } from './settings/training-config.ts';
export { lossGraph, type Objective, type UpdateRule, type UpdateState } from './step.ts';
export * from './tasks/index.ts';
export { type Batch, type StepRequest, type StepResult, Trainer, type TrainerOptions } from './trainer.ts';
