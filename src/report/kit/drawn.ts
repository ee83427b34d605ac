/** What is drawn while a page is rendered, for those who want its figures singly. */
import type { Html } from './html.ts';

/** One SVG, and the data of its marks: one table a mark. */
export interface DrawnPlot {
  readonly svg: string;
  readonly data: readonly (readonly Readonly<Record<string, unknown>>[])[];
}

export interface DrawnFigure {
  readonly title: string;
  /** Its panels in order, each with its title and its legend, where it has them. */
  readonly panels: readonly { readonly title: string; readonly legend: string; readonly plots: readonly DrawnPlot[] }[];
  readonly legend: string;
}

let collecting: { plots: DrawnPlot[]; figures: DrawnFigure[] } | undefined;

/** Told of each plot by `draw`. */
export function drew(plot: () => DrawnPlot): void {
  collecting?.plots.push(plot());
}

/** Told of each figure by `figure`, after its plots were drawn. */
export function composed(figure: {
  readonly title: string;
  readonly panels: readonly { readonly title?: string | Html; readonly body: Html; readonly legend?: Html }[];
  readonly legend?: Html;
}): void {
  if (!collecting) return;
  const { plots, figures } = collecting;
  const textOf = (part: string | Html | undefined) => (typeof part === 'string' ? part : (part?.markup ?? ''));
  figures.push({
    title: figure.title,
    legend: textOf(figure.legend),
    panels: figure.panels.map(({ title, body, legend }) => ({
      title: textOf(title),
      legend: textOf(legend),
      plots: plots.filter(({ svg }) => body.markup.includes(svg)),
    })),
  });
}

/** The figures of a page, with the data that was drawn. Not to be called while another page is rendered. */
export async function figuresOf(render: () => string | Promise<string>): Promise<readonly DrawnFigure[]> {
  if (collecting) throw new Error('figures are collected already: one page at a time');
  const found = { plots: [], figures: [] as DrawnFigure[] };
  collecting = found;
  try {
    await render();
  } finally {
    collecting = undefined;
  }
  return found.figures;
}
