import { Html, html } from './html.ts';
import { pageStyle } from './page-style.ts';
import { typeset } from './typeset.ts';

/** A part of a page under a heading. */
export interface Section {
  readonly title: string;
  readonly body: readonly Html[];
}

/** A page: its title, what stands below it, and its sections. */
export interface Page {
  readonly title: string;
  /** What was found or what to do, a sentence each with its interval: the first thing that is read. */
  readonly answer?: readonly (string | Html)[];
  /** One or two sentences under the answer: what this page is about. */
  readonly lede: string | Html;
  readonly sections: readonly Section[];
  /** Where, when and how this was made. */
  readonly footer: Html;
}

/** A name for a place of a page, from its title: what stays is lower case letters, digits and hyphens. */
function anchorOf(title: string, taken: Set<string>): string {
  const plain = title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const base = plain === '' ? 'section' : plain;
  let anchor = base;
  for (let n = 2; taken.has(anchor); n++) anchor = `${base}-${n}`;
  taken.add(anchor);
  return anchor;
}

interface Place {
  readonly title: Html;
  readonly anchor: string;
  readonly figures: { readonly number: number; readonly title: Html }[];
}

/** The sections with anchors, theirs and those of the figures, and what the contents list. */
function anchored(sections: readonly Section[]): { readonly places: Place[]; readonly body: Html } {
  const taken = new Set<string>();
  let figures = 0;
  const places: Place[] = [];
  const body = sections.map(({ title, body }) => {
    const place: Place = { title: html`${title}`, anchor: anchorOf(title, taken), figures: [] };
    places.push(place);
    const inner = html`${body}`.markup.replace(
      /<figure class="numbered">\n<h3>([\s\S]*?)<\/h3>/g,
      (_, heading: string) => {
        figures++;
        place.figures.push({ number: figures, title: new Html(heading) });
        return `<figure class="numbered" id="figure-${figures}">\n<h3><a class="here" href="#figure-${figures}">${heading}</a></h3>`;
      },
    );
    return html`<section id="${place.anchor}"><h2><a class="here" href="#${place.anchor}">${title}</a></h2>\n${new Html(inner)}\n</section>\n`;
  });
  return { places, body: html`${body}` };
}

/** Links to the sections and figures of a page; nothing for one that is read at a glance. */
function contents(places: readonly Place[]): Html | null {
  if (places.length < 3) return null;
  return html`<nav class="contents" aria-label="Contents"><p>Contents</p><ul>${places.map(
    ({ title, anchor, figures }) =>
      html`<li><a href="#${anchor}">${title}</a>${
        figures.length > 0
          ? html`<ul>${figures.map((f) => html`<li><a href="#figure-${f.number}">Figure ${f.number}. ${f.title}</a></li>`)}</ul>`
          : null
      }</li>\n`,
  )}</ul></nav>`;
}

/** The answer as it stands under the title, in a form that the index of a folder finds again. */
const answerBox = (answer: readonly (string | Html)[]): Html | null =>
  answer.length > 0 ? html`<div class="answer">${answer.map((a) => html`<p>${a}</p>`)}</div>` : null;

/** One self-contained HTML file: style and pictures inside, no scripts, nothing fetched. Opens with the answer, then has its contents. */
export function renderPage({ title, answer = [], lede, sections, footer }: Page): string {
  const { places, body } = anchored(sections);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<header><p class="brand">Ballast</p><nav class="folder" aria-label="Folder"></nav><h1>${title}</h1>${answerBox(answer)}${lede === '' ? null : html`<p class="lede">${lede}</p>`}${contents(places)}</header>
<main>
${body}</main>
<footer>${footer}</footer>
</body>
</html>
`;
  return typeset(page.markup);
}
