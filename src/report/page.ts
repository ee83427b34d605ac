import { Html, html } from './html.ts';
import { pageStyle } from './page-style.ts';

/** A part of a page under a heading. */
export interface Section {
  readonly title: string;
  readonly body: readonly Html[];
}

/** A page: its title, what stands below it, and its sections. */
export interface Page {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly lede: string | Html;
  readonly sections: readonly Section[];
  /** Where, when and how this was made. */
  readonly footer: Html;
}

/** One self-contained HTML file: style and pictures inside, no scripts, nothing fetched. */
export function renderPage({ title, lede, sections, footer }: Page): string {
  return html`<!DOCTYPE html>
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
<header><p class="brand">Ballast</p><h1>${title}</h1><p class="lede">${lede}</p></header>
<main>
${sections.map(({ title: heading, body }) => html`<section><h2>${heading}</h2>\n${body}\n</section>\n`)}</main>
<footer>${footer}</footer>
</body>
</html>
`.markup;
}
