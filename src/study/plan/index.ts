/** The batch size of a training planned from one short run of it. */
export {
  type CommandPlanOutline,
  type CommandPlanRequest,
  outlineCommandPlan,
  planCommand,
} from './command-plan.ts';
export { comparePlan, type PlanComparison, type StudyOutcome } from './compare.ts';
export { type CostTable, costsAt, costTable } from './cost-table.ts';
export {
  type CriticalBatchEstimate,
  type CriticalBatchOptions,
  criticalBatchOf,
  type NoiseWindow,
  type ScaleInterval,
} from './critical-batch.ts';
export { type NoiseRecord, noiseRecords } from './noise-record.ts';
export { outlinePlan, type PlanOutline, type PlanRequest } from './outline.ts';
export { planBatch } from './plan.ts';
export { type PlanInputs, planFrom } from './plan-from.ts';
export type { BatchPlanResult, PlannedWay, PlanningCost, PlanRow, Recommendation } from './plan-result.ts';
export { type PlanAgainstStudy, type PlanPrediction, plansAgainstStudies, predictStudied } from './prediction.ts';
export { recommend } from './recommendation.ts';
export { compareWithReport, type NamedComparison } from './study-outcomes.ts';
