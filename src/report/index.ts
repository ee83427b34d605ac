/** Tables and plots for the terminal, progress lines, and what pages are made of; the pages themselves are in `pages.ts`. */

export { comparisonTable } from './comparison/comparison-table.ts';
export { studyStabilityTable } from './comparison/study-stability-table.ts';
export { type Figure, figure, type LegendEntry, legend, type Panel } from './kit/figure.ts';
export { writeReportIndex } from './kit/folder-index.ts';
export { escapeHtml, Html, html } from './kit/html.ts';
export { type Page, renderPage, type Section } from './kit/page.ts';
export { pageStyle } from './kit/page-style.ts';
export { pngDataUrl, type RgbPicture } from './kit/png.ts';
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatNumber,
  formatPercent,
  formatRange,
  plural,
  typesetNumber,
} from './numbers.ts';
export { alignmentTable } from './stability/branches/alignment-table.ts';
export { convolutionsTable } from './stability/branches/convolutions-table.ts';
export { eigenvaluesTable } from './stability/branches/eigenvalues-table.ts';
export { curvatureTable } from './stability/curvature/curvature-table.ts';
export { interventionTable } from './stability/intervention/intervention-table.ts';
export { perturbationTable } from './stability/perturbation/perturbation-table.ts';
export { type PaperFinding, paperFindings } from './stability/reproduction/reproduction-findings.ts';
export { reproductionTable } from './stability/reproduction/reproduction-table.ts';
export { type Finding, spectrumFindings } from './stability/spectrum/spectrum-findings.ts';
export { blocksOf } from './stability/spectrum/spectrum-rows.ts';
export { type SpectrumTableOptions, spectrumTable } from './stability/spectrum/spectrum-table.ts';
export { tokensTable } from './stability/tokens/tokens-table.ts';
export { branchesTable } from './study/branches-table.ts';
export { batchCostTable } from './study/cost-table.ts';
export { importedText } from './study/imported-text.ts';
export { comparisonText, planSentences } from './study/plan-sentences.ts';
export { batchPlanTable } from './study/plan-table.ts';
export { batchTable, studiesTable } from './study/study-table.ts';
export { answerOf as studyAnswer } from './study/verdict-text.ts';
export { createProgress, type Progress, type ProgressOptions, type ProgressStream } from './terminal/progress.ts';
export { createProgressLines, type ProgressLines } from './terminal/progress-lines.ts';
export { painter, wantsColor } from './terminal/terminal-color.ts';
export { brailleLine, sparkline, type TerminalPlotOptions, terminalPlot } from './terminal/terminal-plot.ts';
export { fitted, type TerminalOptions, terminalWidth } from './terminal/terminal-width.ts';
export { alignColumns, type ColumnOptions } from './terminal/text-table.ts';
export { type CurvePoint, lossCurve } from './training/loss-curve.ts';
export { trainingTable } from './training/training-table.ts';
