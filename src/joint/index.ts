/** What joins the two papers: are networks that were trained with large batches less stable? */
export type { RankCorrelation } from './rank-correlation.ts';
export type * from './result.ts';
export { StudyStabilityMeasurement, type StudyStabilityPlan, type StudyStabilityRequest } from './study-stability.ts';
