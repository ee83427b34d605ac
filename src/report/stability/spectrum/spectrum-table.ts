import type { BlockSpectrum, ImageSpectra, SpectrumResult, StageSpectrum } from '../../../stability/index.ts';
import { formatCount, formatExact, formatNumber, formatPercent } from '../../numbers.ts';
import { type Paint, painter, truncate } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { spectrumAnswer } from '../stability-answers.ts';
import { spectrumRow } from './spectrum-rows.ts';

/** How the table of spectra is written. */
export type SpectrumTableOptions = TerminalOptions;

const methods = { dense: 'dense', structured: 'struct', lanczos: 'lanczos' } as const;
const heads = [
  'block',
  'size',
  'method',
  'k',
  'n-2k',
  'at a',
  'above',
  'below',
  'zero',
  'max',
  'min',
  'resid',
  'sec',
] as const;
const nameWidth = 14;

/** Three to four characters wide numbers: `5.10`, `0.031`, `1.2e-4`. */
const short = (x: number | null): string => (x === null ? '-' : formatNumber(x, x < 0.1 ? 2 : 3));
const count = (n: number | null): string => (n === null ? '-' : String(n));

function seconds(s: number): string {
  return s >= 100 ? s.toFixed(0) : s >= 10 ? s.toFixed(1) : s.toFixed(2);
}

function cellsOf(image: ImageSpectra, block: BlockSpectrum): string[] {
  const row = spectrumRow(image, block, 0);
  const [rows, columns] = block.shape;
  return [
    truncate(block.name, nameWidth) + (block.complete ? '' : '*'),
    rows === columns ? `${rows}²` : `${rows}x${columns}`,
    methods[block.method],
    count(block.activeHidden),
    count(block.bound),
    count(block.plateau?.count ?? null),
    count(block.above),
    count(block.below),
    count(block.zero),
    short(row.largest),
    short(row.smallestNonzero),
    formatNumber(block.maxResidual, 2),
    seconds(block.seconds),
  ];
}

function stageLine(stage: StageSpectrum): string {
  const norm = stage.singularValues[0];
  const product = stage.productOfUnitNorms;
  const [rows, columns] = stage.shape;
  const known = stage.complete ? 'complete' : `leading ${stage.singularValues.length} values`;
  const top = norm === undefined ? 'no value converged' : `max ${formatNumber(norm)}`;
  const against =
    product === null || norm === undefined
      ? ''
      : `, product of unit norms ${formatNumber(product)} (${formatPercent(norm / product)} of it)`;
  return `  ${truncate(stage.name, nameWidth)}  ${rows}x${columns}  ${top}${against}; ${known}`;
}

function networkLine({ name, shape: [rows, columns], singularValues }: BlockSpectrum): string {
  const values = singularValues.slice(0, 5).map((s) => formatNumber(s));
  return `  ${truncate(name, nameWidth)}  ${rows}x${columns}  ${values.join(', ')}${singularValues.length > values.length ? `, ... ${formatNumber(singularValues.at(-1)!)}` : ''}; complete`;
}

/** What was searched and did not converge, with its bounds. */
function unconvergedLine({ name, unconverged = [] }: BlockSpectrum): string {
  const shown = unconverged
    .slice(0, 3)
    .map(({ value, within }) => `${formatNumber(value)} ± ${formatNumber(within, 1)}`);
  return `  ${truncate(name, nameWidth)} not converged: ${shown.join(', ')}${unconverged.length > 3 ? `, and ${unconverged.length - 3} more` : ''}`;
}

function imageBlock(result: SpectrumResult, image: ImageSpectra, paint: Paint, width: number | undefined): string[] {
  const className = (c: number) => result.classes[c] ?? `class ${c}`;
  const right = image.label === image.predicted;
  const heading = `image ${image.index}: ${className(image.label)}, ${right ? 'predicted so' : paint(`predicted ${className(image.predicted)}`, 'red')}`;
  const lines = [paint(heading, 'bold')];
  if (image.units.length > 0) {
    const cells = image.units.map((u) => cellsOf(image, u));
    const [head, ...rows] = alignColumns([heads, ...cells], { gap: 1, width, drop: [12, 2, 11, 8, 4, 7, 6] });
    lines.push(paint(head!, 'dim'));
    rows.forEach((row, i) => {
      lines.push(image.units[i]!.complete ? row : paint(row, 'yellow'));
    });
    const incomplete = image.units.filter((u) => !u.complete);
    if (incomplete.length > 0) {
      const sizes = incomplete.map((u) => u.singularValues.length);
      const [few, many] = [Math.min(...sizes), Math.max(...sizes)];
      lines.push(
        paint(
          `* leading ${few === many ? few : `${few} to ${many}`} values only: nothing is counted, and the smallest is not known`,
          'yellow',
        ),
        ...incomplete.flatMap((u) => (u.unconverged?.length ? [paint(unconvergedLine(u), 'yellow')] : [])),
      );
    }
  }
  if (image.stages.length > 0) lines.push('stages', ...image.stages.map(stageLine));
  if (image.network) lines.push('from the pixels to the logits', networkLine(image.network));
  return lines;
}

/**
 * All blocks of a result as lines of at most 100 columns, image by image. Counts are relative to the plateau a;
 * values at zero are among those below.
 */
export function spectrumTable(
  result: SpectrumResult,
  { color, width = terminalWidth() }: SpectrumTableOptions,
): string {
  const paint = painter(color);
  const plateaus = [
    ...new Set(result.images.flatMap((i) => i.units.flatMap((u) => (u.plateau ? [u.plateau.value] : [])))),
  ];
  const units = result.images[0]?.units.length ?? 0;
  const legend = [
    `${truncate(result.model, 40)}, final ReLU ${result.finalRelu ? 'in' : 'out'} (our choice)`,
    ...(units > 0 ? [`${formatCount(units)} unit${units === 1 ? '' : 's'}`] : []),
    ...(plateaus.length > 0
      ? [`plateau a = ${plateaus.slice(0, 3).map(formatExact).join(', ')}${plateaus.length > 3 ? ', …' : ''}`]
      : []),
  ].join('; ');
  const blocks = result.images.map((image) => imageBlock(result, image, paint, width).join('\n'));
  return fitted(`${[opening(spectrumAnswer(result), width).join('\n'), legend, ...blocks].join('\n\n')}\n`, width);
}
