/**
 * Tables and plots for the terminal, figures, and self-contained HTML pages.
 *
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { renderStored } from 'ballast/report';
 *
 * for (const { kind, table, page } of await renderStored('out/spectrum')) {
 *   console.log(table);
 *   if (page !== undefined) await writeFile(`${kind}.html`, page);
 * }
 * ```
 */
export { type RenderedResult, renderStored } from '../app/stored-results.ts';
export {
  alignColumns,
  alignmentTable,
  batchCostTable,
  batchPlanTable,
  batchTable,
  brailleLine,
  type ColumnOptions,
  convolutionsTable,
  curvatureTable,
  eigenvaluesTable,
  type Figure,
  figure,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  html,
  interventionTable,
  type LegendEntry,
  legend,
  type Page,
  type Panel,
  perturbationTable,
  renderPage,
  reproductionTable,
  type Section,
  type SpectrumTableOptions,
  sparkline,
  spectrumFindings,
  spectrumTable,
  studyStabilityTable,
  type TerminalPlotOptions,
  terminalPlot,
  tokensTable,
} from '../report/index.ts';
export {
  type FigureFile,
  figureFiles,
  figuresOf,
  renderAlignmentReport,
  renderBatchPlanReport,
  renderBatchReport,
  renderConvolutionsReport,
  renderCurvatureReport,
  renderEigenvaluesReport,
  renderInterventionReport,
  renderPerturbationReport,
  renderReproductionReport,
  renderSpectrumReport,
  renderStudyStabilityReport,
  renderTokensReport,
  renderTrainingReport,
} from '../report/pages.ts';
