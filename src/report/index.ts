/** Reports: self-contained HTML pages with SVG figures, tables and plots for the terminal, progress lines. */

export { renderAlignmentReport } from './alignment-report.ts';
export { alignmentTable } from './alignment-table.ts';
export { costFigure, noiseScaleFigure, stepTimeFigure } from './batch-cost-figure.ts';
export { batchCostSection } from './batch-cost-section.ts';
export { type BatchPlanReportOptions, renderBatchPlanReport } from './batch-plan-report.ts';
export { comparisonText, planSentences } from './batch-plan-sentences.ts';
export { batchPlanTable } from './batch-plan-table.ts';
export { type BatchReportOptions, renderBatchReport } from './batch-report.ts';
export { type BatchReproductionOptions, renderBatchReproduction } from './batch-reproduction.ts';
export { batchTable } from './batch-table.ts';
export { renderConvolutionsReport } from './convolutions-report.ts';
export { convolutionsTable } from './convolutions-table.ts';
export { type CurvatureReportOptions, renderCurvatureReport } from './curvature-report.ts';
export { curvatureTable } from './curvature-table.ts';
export { draw } from './draw.ts';
export { renderEigenvaluesReport } from './eigenvalues-report.ts';
export { eigenvaluesTable } from './eigenvalues-table.ts';
export { type Figure, figure, type LegendEntry, legend, type Panel } from './figure.ts';
export { escapeHtml, Html, html } from './html.ts';
export { type InterventionReportOptions, renderInterventionReport } from './intervention-report.ts';
export { interventionTable } from './intervention-table.ts';
export { type CurvePoint, lossCurve } from './loss-curve.ts';
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatNumber,
  formatPercent,
  formatRange,
  typesetNumber,
} from './numbers.ts';
export { type Page, renderPage, type Section } from './page.ts';
export { renderPerturbationReport } from './perturbation-report.ts';
export { perturbationTable } from './perturbation-table.ts';
export { pngDataUrl, type RgbPicture } from './png.ts';
export { createProgress, type Progress, type ProgressOptions, type ProgressStream } from './progress.ts';
export { createProgressLines, type ProgressLines } from './progress-lines.ts';
export { type PaperFinding, paperFindings, type Verdict } from './reproduction-findings.ts';
export { type ReproductionReportOptions, renderReproductionReport, reproductionTable } from './reproduction-report.ts';
export { type Finding, spectrumFindings } from './spectrum-findings.ts';
export { renderSpectrumReport, type SpectrumReportOptions } from './spectrum-report.ts';
export { type SpectrumTableOptions, spectrumTable } from './spectrum-table.ts';
export { renderStudyStabilityReport } from './study-stability-report.ts';
export { studyStabilityTable } from './study-stability-table.ts';
export { painter, wantsColor } from './terminal-color.ts';
export { brailleLine, sparkline, type TerminalPlotOptions, terminalPlot } from './terminal-plot.ts';
export { alignColumns, type ColumnOptions } from './text-table.ts';
export { renderTrainingReport, type TrainingReport } from './training-report.ts';
