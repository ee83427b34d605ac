/** What a measured study says: steps to targets, speed-up, critical batch, and the paper's statements held against it. */
export { bestRateOf, type JudgedTrial, type RateGroup } from './best-rate.ts';
export type { ComparisonRow, Contrast, Factor } from './comparison.ts';
export type { Contour } from './contour.ts';
export { type CriticalBatch, criticalBatchOf } from './critical-batch.ts';
export { type Crossing, crossingOf, type Outcome, outcomeOf } from './crossing.ts';
export { type CurvePoint, curveOf, smoothed, valueAt } from './curve.ts';
export type { GeneralizationRow } from './generalization.ts';
export type { NoiseScalePoint, NoiseScaleRow } from './noise-scale.ts';
export { type PerformanceProfile, type ProfileComparison, performanceProfiles } from './performance-profile.ts';
export { criticalBatchEffect, criticalBatchRatio } from './profile.ts';
export { type ReportOptions, reportOf, type StudyReport } from './report.ts';
export { type BatchSteps, type Breakpoints, type Regime, type Speedup, speedupCurve } from './speedup.ts';
export type { Spread } from './spread.ts';
export type { LinearErrorRow, Observation, Statement } from './statements/statement.ts';
export { analyseTarget, type StudyPoint, type TargetAnalysis } from './strategy.ts';
export { isKnown, type KnownTarget, nameOfQuantity, resolveTargets, type Target } from './target.ts';
export { fitTradeoff, type Tradeoff, type TradeoffPoint, tradeoffSteps } from './tradeoff.ts';
export type { StrategyReport, WorkloadReport } from './workload.ts';
