/**
 * Training and evaluation. A training is a configuration (`RunConfig`), data and a folder; it resumes exactly.
 *
 * ```ts
 * import { shapesDataset } from 'ballast/data';
 * import { trainingConfig, trainNetwork } from 'ballast/train';
 *
 * const data = {
 *   train: shapesDataset({ split: 'train', count: 512, seed: 0 }),
 *   valid: shapesDataset({ split: 'test', count: 128, seed: 0 }),
 * };
 * const config = trainingConfig({ model: 'resnet8', dataset: 'shapes', length: '2ep', lr: 0.1 });
 * const { status, final } = await trainNetwork({ config, ...data, folder: 'runs/first', resume: true });
 * console.log(status, final.valMetric);
 * ```
 */
export { type TrainRun, type TrainRunRequest, trainRun } from '../app/index.ts';
export {
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  evaluateLanguage,
  evaluateNetwork,
  evaluateSegmentation,
  type HeldOutScore,
  heldOutScore,
  type LanguageEvaluation,
  ModelEvaluator,
  type NetworkEvaluation,
  type SegmentationEvaluation,
} from '../evaluate/index.ts';
export {
  type Augmentation,
  type Batch,
  BatchPlan,
  type CalibrationRequest,
  calibrateBatchNorm,
  fittingMicroBatch,
  type Metric,
  type MetricsRecord,
  type NetworkTraining,
  type Optimizer,
  type OptimizerOptions,
  optimizerNamed,
  optimizerNames,
  planTraining,
  type RunConfig,
  type RunResult,
  type RunStatus,
  readMetrics,
  readRunConfig,
  registerSchedule,
  type ScheduleDescription,
  type ScheduleShape,
  type SettingContext,
  type SettingFacts,
  type StepRequest,
  type StepResult,
  schedule,
  Trainer,
  type TrainerOptions,
  type TrainingData,
  type TrainingPlan,
  type TrainingWish,
  trainingConfig,
  trainNetwork,
  writeRunConfig,
} from '../train/index.ts';
