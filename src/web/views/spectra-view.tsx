/** Spectra laid over one another: of a unit at several images, of several networks or checkpoints, unchanged and intervened upon. */
import { formatCount } from '../../report/numbers.ts';
import type { OneSpectrum } from '../../schema/serve/index.ts';
import { useQuery } from '../api/use-query.ts';
import { CurveFigure } from '../parts/curve-figure.tsx';
import { withSpectra } from '../parts/kinds.ts';
import { linkTo, set, useRoute } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';

/** Spectra that are drawn together. */
const most = 24;

/** What spectra differ in, with what the address calls it. */
const facets: readonly { readonly key: string; readonly title: string; readonly of: (s: OneSpectrum) => string }[] = [
  { key: 'file', title: 'Result', of: (s) => s.path },
  { key: 'unit', title: 'Unit', of: (s) => s.unit },
  { key: 'network', title: 'Network', of: (s) => s.network },
  { key: 'image', title: 'Image', of: (s) => (s.image === null ? 'mean over images' : `image ${s.image}`) },
  { key: 'setting', title: 'Intervention', of: (s) => s.setting },
];

const distinct = (values: readonly string[]) => [...new Set(values)];

function Spectra({ spectra }: { readonly spectra: readonly OneSpectrum[] }) {
  const { query } = useRoute();
  const differing = facets.filter(({ of }) => distinct(spectra.map(of)).length > 1);
  // Of many units one is shown first; of the rest all.
  const wanted = (key: string) => query.get(key) ?? (key === 'unit' ? (spectra[0]?.unit ?? '') : '');
  const found = spectra.filter((s) => facets.every(({ key, of }) => wanted(key) === '' || wanted(key) === of(s)));
  const shown = found.slice(0, most);
  const name = (s: OneSpectrum) =>
    (differing.length > 0 ? differing : facets.slice(1, 2))
      .map(({ of }) => of(s))
      .filter((text) => text !== '')
      .join(', ');
  const curves = shown.map((s) => ({ name: name(s), x: s.index.map((i) => i + 1), y: s.value }));
  const thinned = shown.some((s) => s.index.length < s.count);
  const note = [
    `${shown.length} of ${spectra.length} spectra${found.length > most ? `; ${found.length - most} more match` : ''}.`,
    `The largest has ${formatCount(Math.max(0, ...shown.map((s) => s.count)))} singular values.`,
    thinned
      ? 'Of long spectra the first values are drawn and then fewer, with the last; their files have all of them.'
      : '',
    query.get('ylog') !== '0' ? 'Zeros have no place on a logarithmic axis.' : '',
  ];
  return (
    <>
      <div class="tools">
        {differing.map(({ key, title, of }) => (
          <label key={key}>
            {title}{' '}
            <select value={wanted(key)} onChange={(e) => set({ [key]: e.currentTarget.value })}>
              {key !== 'unit' && <option value="">all</option>}
              {distinct(spectra.map(of)).map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      {shown.length === 0 ? (
        <p class="state">No spectrum is all of that at once.</p>
      ) : (
        <CurveFigure
          title="Singular values"
          curves={curves}
          axes={{
            xLog: query.get('xlog') === '1',
            yLog: query.get('ylog') !== '0',
            xLabel: 'index',
            yLabel: 'singular value',
          }}
          note={note.filter((n) => n !== '').join(' ')}
        />
      )}
    </>
  );
}

export function SpectraView() {
  const { query: settings } = useRoute();
  const paths = (settings.get('paths') ?? '').split('|').filter((p) => p !== '');
  const folder = useQuery('folder', {});
  const query = useQuery('spectra', paths.length > 0 ? { paths } : null);
  const known = (folder.value?.entries ?? []).filter((e) => withSpectra.includes(e.kind));
  const toggled = (path: string) => {
    const next = paths.includes(path) ? paths.filter((p) => p !== path) : [...paths, path].slice(0, 16);
    set({ paths: next.join('|') });
  };
  return (
    <>
      <h1>Spectra</h1>
      <details open={paths.length === 0}>
        <summary>Results ({paths.length} chosen)</summary>
        <Answered query={folder} what="the folder">
          {() =>
            known.length === 0 ? (
              <p class="state">
                No result here has spectra; <a href={linkTo('measure', { name: 'spectrum' })}>measure one</a>.
              </p>
            ) : (
              <ul class="choices">
                {known.map(({ path, kind }) => (
                  <li key={path}>
                    <label>
                      <input type="checkbox" checked={paths.includes(path)} onChange={() => toggled(path)} /> {path}{' '}
                      <span class="kind">{kind}</span>
                    </label>
                  </li>
                ))}
              </ul>
            )
          }
        </Answered>
      </details>
      {paths.length > 0 && (
        <Answered query={query} what="spectra">
          {({ spectra, notes }) => (
            <>
              {notes.map((n) => (
                <p key={n} class="note">
                  {n}
                </p>
              ))}
              {spectra.length > 0 && <Spectra spectra={spectra} />}
            </>
          )}
        </Answered>
      )}
    </>
  );
}
