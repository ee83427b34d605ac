/** What joins the two papers: are networks that were trained with large batches less stable? */
export { fitMixedModel, type MixedModel } from './mixed-model.ts';
export type * from './result.ts';
export { StudyStabilityMeasurement, type StudyStabilityPlan, type StudyStabilityRequest } from './study-stability.ts';
export { isAboveChance, trendsAboveChance, trendsOf } from './trends.ts';
