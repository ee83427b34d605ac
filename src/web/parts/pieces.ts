/** A page of a report, taken apart into what can be drawn one after another: what stands above its sections, each section, and what stands below. */
import { parsedReport } from './parsed-report.ts';

const between = (html: string, from: string, to: string) => {
  const at = html.indexOf(from);
  const end = html.lastIndexOf(to);
  return at < 0 || end < at ? '' : html.slice(at + from.length, end);
};

export interface Pieces {
  readonly header: string;
  readonly sections: readonly string[];
  readonly footer: string;
}

export function piecesOf(html: string): Pieces {
  const main = between(html, '<main>', '</main>');
  return {
    header: `<header>${between(html, '<header>', '</header>')}</header>`,
    sections: main.split(/(?=<section id=")/).filter((text) => text.startsWith('<section')),
    footer: `<div class="made-by">${between(html, '<footer>', '</footer>')}</div>`,
  };
}

/** A piece as an element. Nothing in it runs. */
export function elementOf(piece: string): HTMLElement {
  const element = parsedReport(piece).body.firstElementChild as HTMLElement;
  for (const nav of element.querySelectorAll('nav.folder, .brand')) nav.remove();
  return document.adoptNode(element);
}

/** Milliseconds of work after which the browser is let draw and answer. */
const turn = 8;

/** Calls `work` for one item after another, with pauses in which the page is drawn; ends early when `over` says so. */
export async function inTurns<T>(
  items: readonly T[],
  over: () => boolean,
  work: (item: T, at: number) => void,
): Promise<void> {
  let began = performance.now();
  for (const [at, item] of items.entries()) {
    if (performance.now() - began > turn) {
      await new Promise((resolve) => setTimeout(resolve));
      began = performance.now();
    }
    if (over()) return;
    work(item, at);
  }
}
