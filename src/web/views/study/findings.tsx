import { useEffect, useRef } from 'preact/hooks';
import { formatNumber } from '../../../report/numbers.ts';
import type { StudyAnalysis } from '../../../schema/serve/index.ts';
import { useQuery } from '../../api/use-query.ts';
import { linkTo } from '../../parts/route.ts';
import { Problem, Waiting } from '../../parts/states.tsx';
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
  const sentences = analysis?.answer ?? [];
  return (
    <div class={`answer${sentences.length > 0 ? '' : ' waiting'}`} aria-live="polite">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {sentences.length === 0 && (
        <p>{analysis ? `Nothing can be said yet: ${analysis.reason}.` : 'What it says is being worked out …'}</p>
      )}
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
  const { value, error, reload } = useQuery('report', { study });
  const version = analysis?.version;
  const drawn = useRef(version);
  useEffect(() => {
    if (drawn.current !== undefined && version !== drawn.current) reload();
    drawn.current = version;
  }, [version, reload]);
  if (analysis?.reason) return null;
  return (
    <>
      {analysis && <Undecided study={study} undecided={analysis.undecided} />}
      {error && <Problem message={error.message} retry={reload} />}
      {value?.page ? (
        <StoredPage html={value.page} of={study} files={value.files} header={false} />
      ) : error ? null : (
        <Waiting what="the report" />
      )}
      {analysis && (
        <p class="note">Worked out in {formatNumber(analysis.seconds)} s, again whenever trials come further.</p>
      )}
    </>
  );
}
