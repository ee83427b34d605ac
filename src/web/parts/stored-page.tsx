/** A page that the server's reports draw, inside of this one: the same figures, with what each can be taken home as. */
import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api/client.ts';
import { download, pngOf } from './download.ts';
import { parsedReport } from './parsed-report.ts';

interface StoredPageProps {
  /** HTML of the whole page. */
  readonly html: string;
  /** What it is called by, for its files. */
  readonly of: string;
  readonly files: readonly string[];
  /** Whether its title and what stands under it are shown too. */
  readonly header?: boolean;
  /** Of a study: its report, or its costs. */
  readonly part?: 'page' | 'cost';
  /** Whether places in it can be linked to: not where two pages stand beside one another. */
  readonly anchors?: boolean;
}

function partsOf(html: string, header: boolean): DocumentFragment {
  const parsed = parsedReport(html);
  for (const nav of parsed.querySelectorAll('nav.folder, .brand')) nav.remove();
  const fragment = document.createDocumentFragment();
  const head = parsed.querySelector('body > header');
  if (header && head) fragment.append(head);
  fragment.append(...parsed.querySelectorAll('body > main > section'));
  const foot = parsed.querySelector('body > footer');
  if (header && foot) {
    const note = document.createElement('div');
    note.className = 'made-by';
    note.append(...foot.childNodes);
    fragment.append(note);
  }
  return fragment;
}

/** Buttons for the files of a figure. */
function toolsOf(of: Pick<StoredPageProps, 'of' | 'part'>, files: readonly string[], figure: string): HTMLElement {
  const tools = document.createElement('details');
  tools.className = 'files';
  const summary = document.createElement('summary');
  summary.textContent = 'Files';
  tools.append(summary);
  const button = (label: string, work: () => Promise<void>) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.textContent = label;
    element.addEventListener('click', () => {
      element.disabled = true;
      work()
        .catch((error: unknown) => {
          element.title = String(error);
          element.textContent = `${label}: failed`;
        })
        .finally(() => {
          element.disabled = false;
        });
    });
    tools.append(element);
  };
  for (const name of files) {
    const text = async () => (await ask('figure', { ...of, name })).text;
    const numbered = /-(\d+)\.\w+$/.exec(name)?.[1] ?? '';
    if (name.endsWith('.svg')) {
      button(`SVG ${numbered}`.trim(), async () => download(name, await text(), 'image/svg+xml'));
      button(`PNG ${numbered}`.trim(), async () => download(name.replace(/svg$/, 'png'), await pngOf(await text())));
    } else button(`CSV ${numbered}`.trim(), async () => download(name, await text(), 'text/csv'));
  }
  const link = document.createElement('a');
  link.href = `${location.pathname}${location.search}#${figure}`;
  link.textContent = 'Link';
  tools.append(link);
  return tools;
}

export function StoredPage({ html, of, files, header = true, part = 'page', anchors = true }: StoredPageProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const here = place.current;
    if (!here) return;
    const open = new Set(
      [...here.querySelectorAll('details[open]')].map((d) => d.querySelector('summary')?.textContent),
    );
    const parts = partsOf(html, header);
    for (const figure of parts.querySelectorAll('figure.numbered')) {
      const number = figure.id.replace('figure-', '').padStart(2, '0');
      const own = files.filter((name) => name.startsWith(`${number}-`) || name.startsWith(`${number}.`));
      if (own.length > 0) figure.append(toolsOf({ of, part }, own, figure.id));
    }
    if (!anchors) {
      for (const contents of parts.querySelectorAll('.contents')) contents.remove();
      for (const place of parts.querySelectorAll('[id]')) place.removeAttribute('id');
      for (const link of parts.querySelectorAll('a[href^="#"]')) link.removeAttribute('href');
    }
    // A drawing is one picture to whoever cannot see it: its parts have no names.
    for (const part of parts.querySelectorAll('svg[role="img"] g[aria-label]')) part.removeAttribute('aria-label');
    // What scrolls sideways must be reached without a mouse.
    for (const scroll of parts.querySelectorAll('.scroll, .table')) scroll.setAttribute('tabindex', '0');
    for (const details of parts.querySelectorAll('details'))
      if (open.has(details.querySelector('summary')?.textContent) && !details.classList.contains('files'))
        details.open = true;
    here.replaceChildren(parts);
    if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [html]);
  return <div class="stored" ref={place} />;
}
