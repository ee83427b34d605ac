/** A page that the server's reports draw, inside of this one: the same figures, with what each can be taken home as. */
import { type ComponentChildren, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api/client.ts';
import { download, pngOf } from './download.ts';
import { elementOf, inTurns, piecesOf } from './pieces.ts';

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
  /** Stands under the header. */
  readonly under?: ComponentChildren;
  /** Whether places in it can be linked to: not where two pages stand beside one another. */
  readonly anchors?: boolean;
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

function dressed(
  element: HTMLElement,
  { of, part = 'page', files, anchors = true, under }: StoredPageProps,
): HTMLElement {
  if (under && element.tagName === 'HEADER') {
    const place = document.createElement('div');
    render(under, place);
    element.append(place);
  }
  for (const figure of element.querySelectorAll('figure.numbered')) {
    const number = figure.id.replace('figure-', '').padStart(2, '0');
    const own = files.filter((name) => name.startsWith(`${number}-`) || name.startsWith(`${number}.`));
    if (own.length > 0) figure.append(toolsOf({ of, part }, own, figure.id));
  }
  if (!anchors) {
    for (const contents of element.querySelectorAll('.contents')) contents.remove();
    element.removeAttribute('id');
    for (const place of element.querySelectorAll('[id]')) place.removeAttribute('id');
    for (const link of element.querySelectorAll('a[href^="#"]')) link.removeAttribute('href');
  }
  // A drawing is one picture to whoever cannot see it: its parts have no names.
  for (const drawn of element.querySelectorAll('svg[role="img"] g[aria-label]')) drawn.removeAttribute('aria-label');
  // What scrolls sideways must be reached without a mouse.
  for (const scroll of element.querySelectorAll('.scroll, .table')) scroll.setAttribute('tabindex', '0');
  return element;
}

/** What the reader has unfolded stays so. */
function keepOpen(before: Element, now: Element): void {
  const open = new Set(
    [...before.querySelectorAll('details[open]')].map((d) => d.querySelector('summary')?.textContent),
  );
  for (const details of now.querySelectorAll('details'))
    if (open.has(details.querySelector('summary')?.textContent) && !details.classList.contains('files'))
      details.open = true;
}

/** Shown piece by piece, so that no page holds up the reader; of a page that comes again only what has changed is drawn again. */
export function StoredPage(props: StoredPageProps) {
  const { html, header = true } = props;
  const place = useRef<HTMLDivElement>(null);
  const known = useRef(new Map<string, HTMLElement>());
  useEffect(() => {
    const here = place.current;
    if (!here) return;
    let over = false;
    const pieces = piecesOf(html);
    const texts = header ? [pieces.header, ...pieces.sections, pieces.footer] : pieces.sections;
    const before = known.current;
    const now = new Map<string, HTMLElement>();
    known.current = now;
    const kept = new Set(texts.flatMap((text) => before.get(text) ?? []));
    const drawn = inTurns(
      texts,
      () => over,
      (text, at) => {
        const element = before.get(text) ?? dressed(elementOf(text), props);
        now.set(text, element);
        const there = here.children[at];
        if (there === element) return;
        if (there && !kept.has(there as HTMLElement)) {
          keepOpen(there, element);
          there.replaceWith(element);
        } else here.insertBefore(element, there ?? null);
      },
    );
    drawn.then(() => {
      if (over) return;
      while (here.children.length > texts.length) here.lastElementChild!.remove();
      if (location.hash !== '' && before.size === 0) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    });
    return () => {
      over = true;
    };
  }, [html]);
  return <div class="stored" ref={place} />;
}
