/** Schedules of batch and rate that follow from what is known of a training, as a user's trainer can take them. */
export { adamwAt, averaged, type Decay, type KnownTraining, seesaw, warmedUp } from './rules.ts';
export { type ScheduleFormat, scheduleText } from './schedule-text.ts';
export { stepsOf, type TrainingStage, withSteps } from './stages.ts';
