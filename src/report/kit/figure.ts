import { composed } from './drawn.ts';
import { type Html, html } from './html.ts';

/** A mark of a figure, and what it stands for. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  /** `area`: a filled square; `line`, `dashed` and `dotted`: a stroke; `dot`: a point. */
  readonly mark?: 'area' | 'line' | 'dashed' | 'dotted' | 'dot';
  /** Of a line: lengths of dashes and gaps in pixels, as in `stroke-dasharray`; then it is drawn as it is in the figure. */
  readonly dash?: string | undefined;
}

/** The dashes of a line as a background: stripes of the colour and of nothing. */
function stripes(dash: string): string {
  let at = 0;
  const stops = dash.split(',').map((length, i) => {
    const from = at;
    at += Number(length);
    return `${i % 2 ? 'transparent' : 'var(--swatch)'} ${from}px ${at}px`;
  });
  return `repeating-linear-gradient(90deg, ${stops.join(', ')})`;
}

/** A legend as HTML. */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map(({ label, color, mark = 'area', dash }) =>
    dash === undefined
      ? html`<li><i class="${mark}" style="--swatch: ${color}"></i>${label}</li>`
      : html`<li><i class="stripes" style="--swatch: ${color}; background: ${stripes(dash)}"></i>${label}</li>`,
  )}</ul>`;
}

/** One plot of a figure. */
export interface Panel {
  readonly title?: string | Html;
  readonly body: Html;
  readonly legend?: Html;
  /** What a reader must know of this panel alone, such as values that lie beyond its axes. */
  readonly note?: string;
}

/** A figure: its caption, its panels and its legend. */
export interface Figure {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** What is seen, how many values, and what was left out or thinned for drawing. */
  readonly caption: string | Html;
  /** Smallest width of a panel in pixels before the next one moves below it; panels share the row's width. */
  readonly panelWidth: number;
  readonly legend?: Html;
  /** Many small panels: close together, and none wider than drawn. */
  readonly compact?: boolean;
}

/** A numbered figure (the page counts) with its title above and its caption below. */
export function figure({ title, panels, caption, panelWidth, legend: key, compact }: Figure): Html {
  composed({ title, panels, ...(key && { legend: key }) });
  return html`<figure class="numbered">
<h3>${title}</h3>
${key}
<div class="panels${compact ? ' compact' : ''}" style="--panel: ${panelWidth}px">${panels.map(
    (p) =>
      html`<div class="panel">${p.title ? html`<h4>${p.title}</h4>` : null}<div class="scroll">${p.body}</div>${p.legend}${p.note ? html`<p class="note">${p.note}</p>` : null}</div>`,
  )}</div>
<figcaption>${caption}</figcaption>
</figure>`;
}
