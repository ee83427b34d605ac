/**
 * Reports: self-contained HTML pages with SVG figures. An entry of its own, to be imported where a page is written: what draws the figures takes
 * half a second to load, which a command that fails, or only prints, need not wait for.
 */

export { renderAlignmentReport } from './alignment-report.ts';
export { batchCostSection } from './batch-cost-section.ts';
export { type BatchPlanReportOptions, renderBatchPlanReport } from './batch-plan-report.ts';
export { type BatchReportOptions, renderBatchReport } from './batch-report.ts';
export { type BatchReproductionOptions, renderBatchReproduction } from './batch-reproduction.ts';
export { renderComparisonReport } from './comparison-report.ts';
export { renderConvolutionsReport } from './convolutions-report.ts';
export { type CurvatureReportOptions, renderCurvatureReport } from './curvature-report.ts';
export { type DrawnFigure, figuresOf } from './drawn.ts';
export { renderEigenvaluesReport } from './eigenvalues-report.ts';
export { type FigureFile, figureFiles } from './figure-files.ts';
export { type InterventionReportOptions, renderInterventionReport } from './intervention-report.ts';
export { renderPerturbationReport } from './perturbation-report.ts';
export { type ReproductionReportOptions, renderReproductionReport } from './reproduction-report.ts';
export { renderSpectrumReport, type SpectrumReportOptions } from './spectrum-report.ts';
export { renderStudyStabilityReport } from './study-stability-report.ts';
export { renderTrainingReport, type TrainingReport } from './training-report.ts';
