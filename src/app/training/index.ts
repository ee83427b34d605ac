/** Trainings: asked for, opened, run in their folders. */
export {
  outlineTraining,
  type TrainingOutline,
  type TrainRun,
  type TrainRunRequest,
  trainingPage,
  trainRun,
} from './train-run.ts';
export { asBegun, type OpenedTraining, openTraining, type WantedSettings, type WantedTraining } from './wanted.ts';
