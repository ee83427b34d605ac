/** What is measured of a study's networks, as its schema says: see `schema/study-stability.ts`. */
import type { StudyStability, TrainedModel } from '../schema/index.ts';

export type { StudyStability, TrainedModel } from '../schema/index.ts';
export type WorkloadStability = StudyStability['workloads'][number];
/** How a measure goes with the batch size over all models of a workload. */
export type Trend = WorkloadStability['trends'][number];
export type StageGrowth = TrainedModel['growth'][number];
export type BlockNorm = TrainedModel['norms'][number];
