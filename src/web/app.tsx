import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { live } from './api/live.ts';
import { followLinks, useRoute } from './parts/route.ts';
import { Problem, Waiting } from './parts/states.tsx';
import { CompareView } from './views/compare-view.tsx';
import { CurvesView } from './views/curves-view.tsx';
import { EditView } from './views/edit-view.tsx';
import { FolderView } from './views/folder-view.tsx';
import { MeasureView } from './views/measure-view.tsx';
import { ResultView } from './views/result-view.tsx';
import { ScaleView } from './views/scale-view.tsx';
import { SpectraView } from './views/spectra-view.tsx';
import { StudyView } from './views/study/study-view.tsx';

/** Whether the server is there; what is shown stays while it is not. */
function ConnectionState() {
  const [connection, setConnection] = useState(live.connection);
  useEffect(() => live.onConnection(() => setConnection(live.connection)), []);
  return (
    <p class={`connection ${connection}`} role="status">
      {connection === 'live'
        ? 'live'
        : connection === 'connecting'
          ? 'connecting …'
          : 'The server does not answer: what is shown may be old. Trying again …'}
    </p>
  );
}

/** What is heavy and seldom wanted is loaded when it is. */
const ownModel = () => import('./views/own-model/own-model-view.tsx').then((m) => m.OwnModelView);

function Later({ load }: { readonly load: () => Promise<ComponentType> }) {
  const [Loaded, setLoaded] = useState<ComponentType>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    load().then(
      (found) => setLoaded(() => found),
      (error: unknown) => setProblem(String(error)),
    );
  }, [load]);
  return problem !== '' ? <Problem message={problem} /> : Loaded ? <Loaded /> : <Waiting what="the view" />;
}

function View() {
  const { view, query } = useRoute();
  const path = query.get('path') ?? '';
  switch (view) {
    case '':
      return <FolderView />;
    case 'study':
      return <StudyView key={path} path={path} />;
    case 'spectra':
      return <SpectraView />;
    case 'scale':
      return <ScaleView />;
    case 'model':
      return <Later load={ownModel} />;
    case 'curves':
      return <CurvesView />;
    case 'compare':
      return <CompareView />;
    case 'measure':
      return <MeasureView planning={false} />;
    case 'plan':
      return <MeasureView planning />;
    case 'edit':
      return <EditView key={path} path={path} />;
    case 'result':
      return <ResultView key={path} path={path} />;
    default:
      return (
        <div class="state">
          <h1>There is no such view</h1>
          <p>
            <a href="/">All of the folder</a>
          </p>
        </div>
      );
  }
}

const places = [
  ['/', 'Folder'],
  ['/plan', 'Which batch size?'],
  ['/measure', 'Measure'],
  ['/spectra', 'Spectra'],
  ['/scale', 'Skip and branch'],
  ['/compare', 'Compare'],
  ['/model', 'Your own model'],
  ['/edit', 'New study'],
] as const;

export function App() {
  const { view } = useRoute();
  useEffect(() => {
    // On a narrow screen the names of the views are scrolled.
    document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [view]);
  useEffect(() => {
    live.start();
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <div class="top">
        <p class="brand">Ballast</p>
        <nav aria-label="Views">
          {places.map(([address, name]) => (
            <a key={address} href={address} aria-current={address === `/${view}` ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <ConnectionState />
      </div>
      <main id="content">
        <View />
      </main>
    </>
  );
}
