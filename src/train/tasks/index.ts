export { ClassificationTask, classificationObjective } from './classification.ts';
export type { Augmentation, ImageTaskOptions } from './image-task.ts';
export { LanguageTask, type LanguageTaskOptions, languageObjective } from './language.ts';
export { SegmentationTask, segmentationObjective } from './segmentation.ts';
export type { Metric, TrainingTask } from './task.ts';
