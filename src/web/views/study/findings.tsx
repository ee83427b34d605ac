import { useMemo } from 'preact/hooks';
import { formatNumber } from '../../../report/numbers.ts';
import type { StudyAnalysis } from '../../../schema/serve/index.ts';
import { parsedReport } from '../../parts/parsed-report.ts';
import { linkTo } from '../../parts/route.ts';
import { Waiting } from '../../parts/states.tsx';
import { StoredPage } from '../../parts/stored-page.tsx';
import { textOf } from './trial-names.ts';

/** What is open and stands there at once. */
const listed = 4;

interface FindingsProps {
  readonly study: string;
  readonly analysis: StudyAnalysis | undefined;
}

/** What the report says first. */
export function Answer({ analysis }: Pick<FindingsProps, 'analysis'>) {
  const page = analysis?.page;
  const sentences = useMemo(() => {
    if (!page) return [];
    return [...parsedReport(page).querySelectorAll('.answer p')].map((p) => p.textContent ?? '');
  }, [page]);
  return (
    <div class={`answer${page ? '' : ' waiting'}`} aria-live="polite">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {!page && <p>{analysis ? analysis.reason : 'What it says is being worked out …'}</p>}
    </div>
  );
}

function Undecided({ study, undecided }: { readonly study: string; readonly undecided: StudyAnalysis['undecided'] }) {
  if (undecided.length === 0) return null;
  const list = (items: StudyAnalysis['undecided']) => (
    <ul class="notes">
      {items.map(({ workload, strategy, what, trials }) => (
        <li key={`${workload} ${strategy}`}>
          <b>
            {workload}, {strategy}
          </b>
          : {what}.{' '}
          {trials.length > 0 && (
            <a href={linkTo('study', { path: study, tab: 'curves', trials: textOf(trials) })}>
              {trials.length === 1
                ? 'A trial that waits or runs would decide it'
                : `${trials.length} trials that wait or run would decide it`}
            </a>
          )}
        </li>
      ))}
    </ul>
  );
  // What waits for trials is decided by itself; the rest would take more of a study.
  const sorted = [...undecided].sort((a, b) => b.trials.length - a.trials.length);
  return (
    <section class="undecided">
      <h2>Still open</h2>
      {list(sorted.slice(0, listed))}
      {sorted.length > listed && (
        <details>
          <summary>{sorted.length - listed} more</summary>
          {list(sorted.slice(listed))}
        </details>
      )}
    </section>
  );
}

export function Findings({ study, analysis }: FindingsProps) {
  if (!analysis) return <Waiting what="what it says" />;
  const { page, files, undecided, seconds } = analysis;
  if (page === null) return null;
  return (
    <>
      <Undecided study={study} undecided={undecided} />
      <StoredPage html={page} of={study} files={files} header={false} />
      <p class="note">Worked out in {formatNumber(seconds)} s, again whenever trials come further.</p>
    </>
  );
}
