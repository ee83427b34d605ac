/** Training and evaluation: one graph a step, optimisers, runs that resume exactly. */

export { BatchPlan } from './batch-plan.ts';
export { type CalibrationRequest, calibrateBatchNorm } from './calibration.ts';
export { type Checkpoint, CheckpointFolder, type RunProgress } from './checkpoint.ts';
export { parseDuration } from './duration.ts';
export * from './evaluation/index.ts';
export { fittedTo } from './fitted.ts';
export { concatFlat, type FlatLayout, flatLayout, splitFlat } from './flat.ts';
export { surprise } from './losses.ts';
export { chooseMicroBatch, peakBytes } from './memory.ts';
export { type MetricsRecord, readMetrics } from './metrics-log.ts';
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
export { type Preset, presets } from './presets.ts';
export { type RunRequest, type RunResult, type RunSettings, type RunStatus, run } from './run.ts';
export {
  configHash,
  definingSettings,
  dependsOnLength,
  formerConfigHash,
  type RunConfig,
  readRunConfig,
  requireSame,
  runConfigSchema,
  writeRunConfig,
} from './run-config.ts';
export { type OpenedRun, openRun, type RunWish } from './run-folder.ts';
export { type ScalingRule, type ScheduleKind, scaledRate, scalingRules, schedule, scheduleKinds } from './schedule.ts';
export {
  defaultOf,
  defaultSettings,
  defaultText,
  described,
  durationSchema,
  factsOf,
  formOf,
  freeSettings,
  gridSettings,
  rhythmSettings,
  type SettingContext,
  type SettingFacts,
  type SettingTable,
  settingFacts,
  trainingSettings,
} from './settings.ts';
export { lossGraph, type Objective, type UpdateRule, type UpdateState } from './step.ts';
export * from './tasks/index.ts';
export {
  createTrainer,
  fittingMicroBatch,
  type NetworkTraining,
  type PlannedConfig,
  planTraining,
  requireStepMemory,
  type TrainingData,
  type TrainingPlan,
  trainNetwork,
} from './train-network.ts';
export { type Batch, type StepRequest, type StepResult, Trainer, type TrainerOptions } from './trainer.ts';
export { settingsFrom, type TrainingWish, trainingConfig } from './training-config.ts';
