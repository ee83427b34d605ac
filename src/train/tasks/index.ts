export { ClassificationTask, classificationObjective, type ImageTaskOptions } from './classification.ts';
export { LanguageTask, type LanguageTaskOptions, languageObjective } from './language.ts';
export { SegmentationTask, segmentationObjective } from './segmentation.ts';
export type { Metric, TrainingTask } from './task.ts';
