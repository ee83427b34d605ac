import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { drew } from './drawn.ts';
import { Html } from './html.ts';
import { typeset } from './typeset.ts';

const { document } = parseHTML('<html><body></body></html>');

/** Coordinates beyond a hundredth of a pixel only make the file longer. */
function roundCoordinates(svg: string): string {
  return svg.replace(
    /(?<= (?:d|x|y|x1|x2|y1|y2|cx|cy|width|height|transform|fill-opacity)=")[^"]*(?=")/g,
    (attribute) => attribute.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (n) => String(Number(Number(n).toFixed(2)))),
  );
}

/** The serializer leaves angle brackets in attributes, as HTML allows; no reader of the page should have to know that. */
function escapeLabels(svg: string): string {
  return svg.replace(/(?<= aria-label=")[^"]*/g, (label) => label.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** The rows behind a mark, or behind several in a list; none for axes and rules without data. */
function dataOf(mark: Plot.Markish): Rows[] {
  if (Array.isArray(mark)) return mark.flatMap(dataOf);
  const data = (mark as { data?: unknown } | null | undefined)?.data;
  if (data === null || typeof data !== 'object' || !(Symbol.iterator in data)) return [];
  const rows = [...(data as Iterable<unknown>)].filter((row) => typeof row === 'object' && row !== null);
  return rows.length > 0 ? [rows as Rows] : [];
}

/** Left, top, right and bottom end of what the axes enclose, in pixels of the drawing: for those who check or cut it. None of a plot in facets. */
function frameOf({ width = 640, height = 400, fx, ...o }: Plot.PlotOptions): readonly number[] | null {
  const { marginLeft = 40, marginTop = 20, marginRight = 20, marginBottom = 30 } = o;
  return fx ? null : [marginLeft, marginTop, width - marginRight, height - marginBottom];
}

/**
 * One SVG by Observable Plot, without a browser. Give `width` and `height` in pixels; it scales down with the page.
 * `ariaLabel` is what a screen reader says instead.
 */
export function draw(options: Plot.PlotOptions & { readonly ariaLabel: string }): Html {
  const svg = Plot.plot({ className: 'plot', style: { fontSize: '11px' }, ...options, document });
  svg.setAttribute('role', 'img');
  // HTML does not need it, but a drawing that is copied out of the page does.
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const frame = frameOf(options);
  if (frame) svg.setAttribute('data-frame', frame.join(' '));
  svg.setAttribute('style', `--width: ${options.width ?? 640}px; font-size: 11px`);
  // The page styles all its plots at once (page-style.ts); Plot would repeat the same rules in each of them.
  svg.querySelector('style')?.remove();
  const drawn = typeset(escapeLabels(roundCoordinates(String(svg.outerHTML))));
  drew(() => ({ svg: drawn, data: (options.marks ?? []).flatMap(dataOf) }));
  return new Html(drawn);
}
