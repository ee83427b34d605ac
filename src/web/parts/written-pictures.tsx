/** The pictures that stand in a page beside a result. Of that page, which anybody may have written, nothing is taken but pictures and texts. */
import { useEffect, useState } from 'preact/hooks';

interface Picture {
  readonly src: string;
  readonly alt: string;
  readonly caption: string;
}

interface Row {
  readonly title: string;
  readonly text: string;
  readonly pictures: readonly Picture[];
}

/** Rows that are shown at most. */
const most = 24;

const pictureUrl = /^data:image\/png;base64,[A-Za-z0-9+/=]+$/;

const said = (element: Element | null | undefined) => element?.textContent?.trim() ?? '';

function rowOf(item: Element): Row | undefined {
  const pictures = [...item.querySelectorAll('img')].flatMap((image): Picture[] => {
    const src = image.getAttribute('src') ?? '';
    if (!pictureUrl.test(src)) return [];
    return [{ src, alt: image.alt, caption: said(image.closest('figure')?.querySelector('figcaption')) }];
  });
  if (pictures.length === 0) return undefined;
  const words = item.querySelector('span');
  const title = said(words?.querySelector('b'));
  for (const end of words?.querySelectorAll('br') ?? []) end.replaceWith('; ');
  return { title, text: said(words).slice(title.length), pictures };
}

async function rowsIn(path: string, signal: AbortSignal): Promise<Row[]> {
  const response = await fetch(`/api/page?${new URLSearchParams({ path })}`, { signal });
  if (!response.ok) return [];
  const text = await response.text();
  // The policy of this page forbids styles and handlers of events that stand in one, and the browser would say so.
  const quiet = text.replace(/<style>[\s\S]*?<\/style>/, '').replace(/\son\w+\s*=/gi, ' data-handler=');
  const parsed = new DOMParser().parseFromString(quiet, 'text/html');
  return [...parsed.querySelectorAll('ul.pictures > li')].flatMap((item) => rowOf(item) ?? []);
}

export function WrittenPictures({ path }: { readonly path: string }) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    rowsIn(path, stop.signal).then(setRows, () => {
      // The page is linked to; without it there are no pictures.
    });
    return () => stop.abort();
  }, [path]);
  if (rows.length === 0) return null;
  const shown = rows.slice(0, most);
  return (
    <section aria-label="Images">
      <ul class="pictures">
        {shown.map(({ title, text, pictures }) => (
          <li key={`${title} ${pictures[0]!.alt}`}>
            <span>
              <b>{title}</b>
              {text}
            </span>
            {pictures.map(({ src, alt, caption }) => (
              <figure key={alt}>
                <img src={src} alt={alt} />
                {caption !== '' && <figcaption>{caption}</figcaption>}
              </figure>
            ))}
          </li>
        ))}
      </ul>
      {rows.length > most && <p class="note">{rows.length - most} more stand in the page as it was written.</p>}
    </section>
  );
}
