/**
 * Reports: self-contained HTML pages with SVG figures. An entry of its own, to be imported where a page is written: what draws the figures takes
 * half a second to load, which a command that fails, or only prints, need not wait for.
 */

export { renderComparisonReport } from './comparison/comparison-report.ts';
export { renderStudyStabilityReport } from './comparison/study-stability-report.ts';
export { type DrawnFigure, figuresOf } from './kit/drawn.ts';
export { type FigureFile, figureFiles } from './kit/figure-files.ts';
export { renderPage } from './kit/page.ts';
export { renderAlignmentReport } from './stability/branches/alignment-report.ts';
export { renderConvolutionsReport } from './stability/branches/convolutions-report.ts';
export { renderEigenvaluesReport } from './stability/branches/eigenvalues-report.ts';
export { type CurvatureReportOptions, renderCurvatureReport } from './stability/curvature/curvature-report.ts';
export {
  type InterventionReportOptions,
  renderInterventionReport,
} from './stability/intervention/intervention-report.ts';
export { renderPerturbationReport } from './stability/perturbation/perturbation-report.ts';
export {
  type ReproductionReportOptions,
  renderReproductionReport,
} from './stability/reproduction/reproduction-report.ts';
export { renderSpectrumReport, type SpectrumReportOptions } from './stability/spectrum/spectrum-report.ts';
export { renderTokensReport } from './stability/tokens/tokens-report.ts';
export { renderBranchesReport } from './study/branches-report.ts';
export { batchCostSection } from './study/cost-section.ts';
export { type BatchPlanReportOptions, renderBatchPlanReport } from './study/plan-report.ts';
export { renderStudiesReport, type StudiesReportOptions } from './study/studies-report.ts';
export { type BatchReportOptions, renderBatchReport } from './study/study-report.ts';
export { renderTrainingReport, type TrainingReport } from './training/training-report.ts';
