/** What training costs by batch size and number of devices: step times, steps, time, device-hours, money. */
export { type Link, ringAllReduceSeconds } from './all-reduce.ts';
export { type Cluster, clusterStepSeconds, optimalDevices } from './cluster.ts';
export { costsOfReport, type ReportCost, type ReportCostOptions, type StrategyCost } from './costs-of-report.ts';
export { measureStepTimes, type Stepper, type StepTiming } from './measure-step-times.ts';
export { paretoFront, type TimeAndCost } from './pareto.ts';
export { derived, type Marked, measured, modelled, type Provenance } from './provenance.ts';
export {
  fitStepTime,
  pointOf,
  type StepTimeCurve,
  type StepTimeFit,
  type StepTimePoint,
  secondsPerStep,
  stepTimeCurve,
  stepTimesOf,
} from './step-time.ts';
export {
  examplesRelative,
  hyperbolaThrough,
  type StepsCurve,
  type StepsPoint,
  stepsAt,
  stepsRelative,
} from './steps-curve.ts';
export { type StudyCost, type StudyCostOptions, studyCost } from './study-cost.ts';
export {
  type CostModel,
  costFront,
  fastest,
  fastestBatchOnOneDevice,
  knee,
  type TrainingCost,
  timeAndCost,
  trainingCost,
  trainingCosts,
} from './training-cost.ts';
export { largestDivisor, type TrainingSteps, trainingSteps } from './training-steps.ts';
