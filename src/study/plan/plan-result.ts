/** The plan of a batch size, as `plan.json` keeps it, and its parts. */
import type { BatchPlanResult } from '../../schema/index.ts';

export type { BatchPlanResult };

/** A batch size: what it costs relative to the least, and what a whole training costs on the number of devices that is recommended. */
export type PlanRow = BatchPlanResult['rows'][number];
export type PlannedWay = BatchPlanResult['ways'][number];
/** See `recommend`. */
export type Recommendation = BatchPlanResult['recommendation'];
export type PlanningCost = BatchPlanResult['cost'];
