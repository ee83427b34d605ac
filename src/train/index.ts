/** Training and evaluation: one graph a step, optimisers, runs that resume exactly. */
export { type Checkpoint, CheckpointFolder, type RunProgress } from './checkpoint.ts';
export { type ClassificationOptions, ClassificationTask, classificationObjective } from './classification.ts';
export { argMax, crossEntropy, type EvaluateOptions, type Evaluation, evaluate, requireFit } from './evaluate.ts';
export { type MetricsRecord, readMetrics } from './metrics-log.ts';
export { type Optimizer, type OptimizerOptions, optimizerNamed, optimizerNames } from './optimizers.ts';
export { type RunRequest, type RunResult, type RunSettings, type RunStatus, run, type TrainingTask } from './run.ts';
export { type RunConfig, readRunConfig, requireSame, writeRunConfig } from './run-config.ts';
export { type ScalingRule, type ScheduleKind, scaledRate, scalingRules, schedule, scheduleKinds } from './schedule.ts';
export type { Objective, UpdateRule, UpdateState } from './step.ts';
export {
  type ClassifierTraining,
  configuredModel,
  fittingMicroBatch,
  stepsOf,
  trainClassifier,
} from './train-classifier.ts';
export { type StepResult, Trainer, type TrainerOptions } from './trainer.ts';
