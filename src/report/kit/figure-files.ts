/** Figures of a page as files of their own: an SVG that stands alone, and what it shows as CSV. */
import { parseHTML } from 'linkedom';
import { csvOf } from '../../study/export/csv.ts';
import type { DrawnFigure, DrawnPlot } from './drawn.ts';
import { escapeHtml } from './html.ts';
import { plotStyle } from './page-style.ts';

/** A figure, or its data, as a file. */
export interface FigureFile {
  /** Without a folder: `03-singular-values.svg`. */
  readonly name: string;
  readonly text: string;
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/<[^>]*>/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);

const swatchSize = 12;
const lineHeight = 18;

/** The entries of a legend that was made for a page. */
function entriesOf(legend: string): { label: string; color: string }[] {
  const { document } = parseHTML(`<html><body>${legend}</body></html>`);
  return [...document.querySelectorAll('li')].map((item) => ({
    label: item.textContent ?? '',
    color:
      /--swatch:\s*([^;]+)/.exec(item.querySelector('i')?.getAttribute('style') ?? '')?.[1]?.trim() ?? 'currentColor',
  }));
}

/** A plot of a page as a file: with its namespace, its style and its legend inside. */
function standalone({ svg }: DrawnPlot, title: string, legend: string): string {
  const width = Number(/\bwidth="([\d.]+)"/.exec(svg)?.[1] ?? 640);
  const height = Number(/\bheight="([\d.]+)"/.exec(svg)?.[1] ?? 400);
  // A scale of colors is a drawing of its own.
  const scale = /<svg [\s\S]*<\/svg>/.exec(legend)?.[0];
  const scaleHeight = scale ? Number(/\bheight="([\d.]+)"/.exec(scale)?.[1] ?? 40) : 0;
  const entries = scale ? [] : entriesOf(legend);
  const whole = height + scaleHeight + lineHeight * (entries.length + (title ? 1 : 0)) + 8;
  const rows = entries.map(
    ({ label, color }, i) =>
      `<g transform="translate(12 ${height + lineHeight * i + 8})"><rect width="${swatchSize}" height="${swatchSize}" rx="2" style="fill: ${escapeHtml(color)}"/><text x="${swatchSize + 6}" y="${swatchSize - 2}">${escapeHtml(label)}</text></g>`,
  );
  const caption = title
    ? `<text x="12" y="${height + scaleHeight + lineHeight * entries.length + swatchSize + 6}" font-weight="600">${escapeHtml(title)}</text>`
    : '';
  const inner = svg.replace(/^<svg /, `<svg x="0" y="0" overflow="visible" `);
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="system-ui, sans-serif" font-size="11" fill="currentColor">
<style>${plotStyle}</style>
<rect width="100%" height="100%" style="fill: var(--paper)"/>
${inner}
${scale ? scale.replace(/^<svg /, `<svg x="0" y="${height}" overflow="visible" `) : ''}
${rows.join('\n')}
${caption}
</svg>
`;
}

/** The numbers, texts and truths of a row; what else a mark carries is for drawing. */
const plain = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** The data of a plot's marks as one table; `mark` says which mark a row is of. Null where it has none. */
function tableOf({ data }: DrawnPlot): string | null {
  const rows = data.flatMap((mark, m) => mark.map((row) => ({ mark: m + 1, ...row })));
  const columns = [...new Set(rows.flatMap((row) => Object.entries(row).flatMap(([k, v]) => (plain(v) ? [k] : []))))];
  if (rows.length === 0 || columns.length < 2) return null;
  const cells = rows.map((row) =>
    columns.map((c) => {
      const value = (row as Readonly<Record<string, unknown>>)[c];
      return plain(value) && value !== null ? (typeof value === 'boolean' ? String(value) : value) : null;
    }),
  );
  return Buffer.concat([...csvOf(columns, cells)]).toString();
}

/** The files of the figures of a page, numbered as the page numbers them. */
export function figureFiles(figures: readonly DrawnFigure[]): FigureFile[] {
  return figures.flatMap(({ title, legend, panels }, f) => {
    const many = panels.length > 1;
    return panels.flatMap((panel, p) =>
      panel.plots.flatMap((plot, q): FigureFile[] => {
        const parts = [
          String(f + 1).padStart(2, '0'),
          slug(title),
          ...(many ? [String(p + 1)] : []),
          ...(q ? [`${q + 1}`] : []),
        ];
        const name = parts.filter((part) => part !== '').join('-');
        const caption = many ? panel.title.replace(/<[^>]*>/g, '') : '';
        const csv = tableOf(plot);
        return [
          { name: `${name}.svg`, text: standalone(plot, caption, panel.legend || legend) },
          ...(csv === null ? [] : [{ name: `${name}.csv`, text: csv }]),
        ];
      }),
    );
  });
}
