import { ask } from '../api/client.ts';
import { useQuery } from '../api/use-query.ts';
import { download } from '../parts/download.ts';
import { withSpectra } from '../parts/kinds.ts';
import { PlainTable } from '../parts/plain-table.tsx';
import { linkTo } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';
import { StoredPage } from '../parts/stored-page.tsx';
import { WrittenPictures } from '../parts/written-pictures.tsx';

/** Any stored result as its page; as its table where it has none. */
export function ResultView({ path }: { readonly path: string }) {
  const query = useQuery('result', { path });
  const name = path
    .split('/')
    .slice(-2)
    .join('-')
    .replace(/\.json$/, '');
  return (
    <>
      <nav class="tools" aria-label="This result">
        <a href="/">All of the folder</a>
        <button
          type="button"
          onClick={async () => download(`${name}.csv`, (await ask('csv', { path })).text, 'text/csv')}
        >
          CSV
        </button>
        <a href={linkTo('compare', { a: path })}>Compare</a>
        {query.value?.written && (
          <a href={`/api/page?${new URLSearchParams({ path: query.value.written })}`} target="_blank" rel="noopener">
            As it was written
          </a>
        )}
        {query.value && withSpectra.includes(query.value.kind) && (
          <a href={linkTo('spectra', { paths: path })}>Spectra</a>
        )}
      </nav>
      <Answered query={query} what={path}>
        {({ page, table, files, kind, written }) =>
          page === null ? (
            <>
              <h1>
                {path} <small>{kind}</small>
              </h1>
              <p>A {kind} has no page of its own; this is its table.</p>
              <PlainTable text={table} />
            </>
          ) : (
            <StoredPage html={page} of={path} files={files} under={written && <WrittenPictures path={written} />} />
          )
        }
      </Answered>
    </>
  );
}
