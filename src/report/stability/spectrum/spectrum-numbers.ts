import type { ImageSpectra, SpectrumResult, StageSpectrum } from '../../../stability/index.ts';
import { type Html, html } from '../../kit/html.ts';
import { formatCount, formatDuration, formatExact, formatPercent, typesetNumber } from '../../numbers.ts';
import { blocksOf, imageName, type SpectrumRow, spectrumRow } from './spectrum-rows.ts';

const orDash = <T>(value: T | null, format: (value: T) => string): string => (value === null ? '–' : format(value));

const heads = [
  'block',
  'outputs × inputs',
  'final ReLU',
  'method',
  'k',
  'k / hidden',
  'n − 2k',
  'plateau',
  'at plateau',
  'above',
  'below',
  'of these zero',
  'σ max',
  'σ min ≠ 0',
  'tolerance',
  'residual',
  'time',
] as const;

const td = (text: string): Html => html`<td>${text}</td>`;

function tableRow(row: SpectrumRow): Html {
  const { block } = row;
  const cells = [
    `${formatCount(block.shape[0])} × ${formatCount(block.shape[1])}`,
    block.finalRelu ? 'in' : 'out',
    block.method,
    orDash(block.activeHidden, formatCount),
    orDash(row.activeFraction, formatPercent),
    orDash(block.bound, formatCount),
  ];
  const counts = [
    orDash(block.plateau, (p) => formatExact(p.value)),
    orDash(block.plateau, (p) => formatCount(p.count)),
    orDash(block.above, formatCount),
    orDash(block.below, formatCount),
    orDash(block.zero, formatCount),
  ];
  const rest = [
    orDash(row.largest, (x) => typesetNumber(x, 4)),
    orDash(row.smallestNonzero, (x) => typesetNumber(x, 3)),
    typesetNumber(block.tolerance, 2),
    typesetNumber(block.maxResidual, 2),
    formatDuration(block.seconds),
  ];
  return html`<tr${block.complete ? '' : html` class="incomplete"`}><td>${block.name}</td>${cells.map(td)}${
    block.complete
      ? counts.map(td)
      : html`<td colspan="${counts.length}">leading ${formatCount(block.singularValues.length)} of ${formatCount(row.size)} values only</td>`
  }${rest.map(td)}</tr>\n`;
}

function imageTable(image: ImageSpectra): Html {
  const rows = blocksOf(image).map((block, i) => spectrumRow(image, block, i));
  return html`<div class="table"><table><thead><tr>${heads.map((h) => html`<th>${h}</th>`)}</tr></thead>
<tbody>${rows.map(tableRow)}</tbody></table></div>`;
}

function stageTable(stages: readonly StageSpectrum[]): Html {
  return html`<div class="table narrow"><table><thead><tr><th>stage</th><th>units</th><th>σ max</th><th>product of the units’ σ max</th><th>share reached</th></tr></thead>
<tbody>${stages.map((s) => {
    const norm = s.singularValues[0] ?? null;
    const product = s.productOfUnitNorms;
    return html`<tr><td>${s.name}</td><td>${s.units.length}</td><td>${orDash(norm, (x) => typesetNumber(x, 4))}</td><td>${orDash(product, (x) => typesetNumber(x, 4))}</td><td>${
      norm === null || product === null ? '–' : formatPercent(norm / product)
    }</td></tr>`;
  })}</tbody></table></div>`;
}

/** Every number of the report, one table an image; those after the first are folded. */
export function numbersTables(result: SpectrumResult): Html[] {
  return result.images.map(
    (image, i) =>
      html`<details${i === 0 ? html` open` : ''}><summary>${imageName(result, image)}</summary>
${imageTable(image)}
${image.stages.length > 0 ? stageTable(image.stages) : null}</details>`,
  );
}
