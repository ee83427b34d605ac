/** Curves of trials of several studies, laid over one another. */
import { plural } from '../../report/numbers.ts';
import { useQuery } from '../api/use-query.ts';
import { linkTo, set, useRoute } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';
import { CurvesPanel, type CurvesWanted, TrialCurves } from './study/curves-panel.tsx';
import { type ChosenTrials, ofText, partsOf } from './study/trial-names.ts';
import { useAnalysis, useStudy } from './study/use-study.ts';

/** Studies that are laid over one another at most. */
const most = 6;

/** A study's curves, with the study itself. */
function StudyCurves({ study, chosen, ...wanted }: ChosenTrials & CurvesWanted) {
  const found = useStudy(study);
  const analysis = useAnalysis(study, found);
  return (
    <Answered query={found.query} what={study}>
      {() => (
        <TrialCurves
          {...wanted}
          study={study}
          trials={found.trials}
          analysis={analysis.value}
          chosen={chosen}
          label={`${study}: `}
        />
      )}
    </Answered>
  );
}

export function CurvesView() {
  const { query } = useRoute();
  const folder = useQuery('folder', {});
  const parts = partsOf(query.get('of') ?? '').slice(0, most);
  const others = (folder.value?.entries ?? [])
    .filter(({ kind, path }) => (kind === 'study' || kind === 'run') && parts.every((p) => p.study !== path))
    .map((e) => e.path);
  return (
    <>
      <h1>Curves of several studies</h1>
      <ul class="choices">
        {parts.map(({ study, chosen }) => {
          const rest = parts.filter((p) => p.study !== study);
          return (
            <li key={study}>
              <a href={linkTo('study', { path: study })}>{study}</a>:{' '}
              {chosen === '' ? 'of each batch size one trial' : `${plural(chosen.split('.').length, 'trial')}`};{' '}
              <a href={linkTo('study', { path: study, tab: 'trials', with: ofText(rest) })}>choose its trials</a>{' '}
              <button type="button" onClick={() => set({ of: ofText(rest) })}>
                Remove {study}
              </button>
            </li>
          );
        })}
      </ul>
      {parts.length < most && (
        <p>
          <label>
            Add{' '}
            <select
              value=""
              onChange={(e) => set({ of: ofText([...parts, { study: e.currentTarget.value, chosen: '' }]) })}
            >
              <option value="">a study …</option>
              {others.map((path) => (
                <option key={path} value={path}>
                  {path}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      {parts.length === 0 ? (
        <Answered query={folder} what="the folder">
          {() => (
            <p class="state">
              {others.length === 0
                ? 'There is no study in this folder yet.'
                : 'Choose a study; a second one is laid over it.'}
            </p>
          )}
        </Answered>
      ) : (
        <CurvesPanel
          sources={(wanted) => parts.map((part) => <StudyCurves key={part.study} {...part} {...wanted} />)}
        />
      )}
    </>
  );
}
