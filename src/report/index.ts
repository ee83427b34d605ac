/** Tables and plots for the terminal, progress lines, and what pages are made of; the pages themselves are in `pages.ts`. */

export { alignmentTable } from './alignment-table.ts';
export { batchCostTable } from './batch-cost-table.ts';
export { comparisonText, planSentences } from './batch-plan-sentences.ts';
export { batchPlanTable } from './batch-plan-table.ts';
export { batchTable } from './batch-table.ts';
export { comparisonTable } from './comparison-table.ts';
export { convolutionsTable } from './convolutions-table.ts';
export { curvatureTable } from './curvature-table.ts';
export { eigenvaluesTable } from './eigenvalues-table.ts';
export { type Figure, figure, type LegendEntry, legend, type Panel } from './figure.ts';
export { writeReportIndex } from './folder-index.ts';
export { escapeHtml, Html, html } from './html.ts';
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
export { perturbationTable } from './perturbation-table.ts';
export { pngDataUrl, type RgbPicture } from './png.ts';
export { createProgress, type Progress, type ProgressOptions, type ProgressStream } from './progress.ts';
export { createProgressLines, type ProgressLines } from './progress-lines.ts';
export { type PaperFinding, paperFindings } from './reproduction-findings.ts';
export { reproductionTable } from './reproduction-table.ts';
export { type Finding, spectrumFindings } from './spectrum-findings.ts';
export { type SpectrumTableOptions, spectrumTable } from './spectrum-table.ts';
export { studyStabilityTable } from './study-stability-table.ts';
export { painter, wantsColor } from './terminal-color.ts';
export { brailleLine, sparkline, type TerminalPlotOptions, terminalPlot } from './terminal-plot.ts';
export { fitted, type TerminalOptions, terminalWidth } from './terminal-width.ts';
export { alignColumns, type ColumnOptions } from './text-table.ts';
