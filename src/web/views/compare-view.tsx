/** Two results or studies side by side. */
import { useQuery } from '../api/use-query.ts';
import { withSpectra } from '../parts/kinds.ts';
import { PlainTable } from '../parts/plain-table.tsx';
import { linkTo, set, useRoute } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';
import { StoredPage } from '../parts/stored-page.tsx';
import { ofText } from './study/trial-names.ts';

const isResult = (path: string) => path.endsWith('.json');

function ResultSide({ path }: { readonly path: string }) {
  const query = useQuery('result', { path });
  return (
    <Answered query={query} what={path}>
      {({ page, files, table }) =>
        page === null ? <PlainTable text={table} /> : <StoredPage html={page} of={path} files={files} anchors={false} />
      }
    </Answered>
  );
}

function StudySide({ path }: { readonly path: string }) {
  const query = useQuery('report', { study: path });
  return (
    <Answered query={query} what={path}>
      {({ page, files, reason }) =>
        page === null ? (
          <p class="state">{reason}</p>
        ) : (
          <StoredPage html={page} of={path} files={files} anchors={false} />
        )
      }
    </Answered>
  );
}

function Side({
  side,
  path,
  choices,
}: {
  readonly side: 'a' | 'b';
  readonly path: string;
  readonly choices: readonly string[];
}) {
  return (
    <section aria-label={side === 'a' ? 'One' : 'The other'}>
      <label>
        {side === 'a' ? 'One' : 'The other'}{' '}
        <select value={path} onChange={(e) => set({ [side]: e.currentTarget.value })}>
          <option value="">choose …</option>
          {choices.map((c) => (
            <option key={c} value={c}>
              {c}
            </option>
          ))}
        </select>
      </label>{' '}
      {path !== '' && <a href={linkTo(isResult(path) ? 'result' : 'study', { path })}>alone</a>}
      {path === '' ? (
        <p class="state">Choose a study or a result.</p>
      ) : isResult(path) ? (
        <ResultSide key={path} path={path} />
      ) : (
        <StudySide key={path} path={path} />
      )}
    </section>
  );
}

const apart = ['study-file', 'unreadable'];

export function CompareView() {
  const { query } = useRoute();
  const folder = useQuery('folder', {});
  const [a, b] = [query.get('a') ?? '', query.get('b') ?? ''];
  return (
    <Answered query={folder} what="the folder">
      {({ entries }) => {
        const choices = entries.filter((e) => !apart.includes(e.kind)).map((e) => e.path);
        const kindOf = (path: string) => entries.find((e) => e.path === path)?.kind;
        const studies = [a, b].filter((p) => ['study', 'run'].includes(kindOf(p) ?? ''));
        const spectra = [a, b].filter((p) => withSpectra.includes(kindOf(p) ?? ''));
        return (
          <>
            <h1>Side by side</h1>
            {studies.length === 2 && (
              <p>
                <a href={linkTo('curves', { of: ofText(studies.map((study) => ({ study, chosen: '' }))) })}>
                  Lay their curves over one another
                </a>
              </p>
            )}
            {spectra.length === 2 && (
              <p>
                <a href={linkTo('spectra', { paths: spectra.join('|') })}>Lay their spectra over one another</a>
              </p>
            )}
            {choices.length === 0 ? (
              <p class="state">There is nothing to compare in this folder yet.</p>
            ) : (
              <div class="sides">
                <Side side="a" path={a} choices={choices} />
                <Side side="b" path={b} choices={choices} />
              </div>
            )}
          </>
        );
      }}
    </Answered>
  );
}
