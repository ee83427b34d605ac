import { useState } from 'preact/hooks';
import type { JobState, StudyProgress } from '../../../schema/serve/index.ts';
import { act } from '../../api/client.ts';
import type { Actions } from '../../parts/actions.ts';
import { isUnderWay } from '../../parts/jobs.ts';

interface StudyControlsProps {
  readonly study: string;
  /** That was started last from a page, where there is one. */
  readonly job: JobState | undefined;
  readonly progress: StudyProgress;
  /** Ids. */
  readonly failed: readonly string[];
  readonly actions: Actions;
}

/** Start, pause, resume: a study is a folder, so whoever computes it, here or in a terminal, is steered through it. */
export function StudyControls({ study, job, progress, failed, actions }: StudyControlsProps) {
  const [parallel, setParallel] = useState(1);
  const { counts, paused, working, held } = progress;
  const { said, busy, run } = actions;
  const active = isUnderWay(job) || working > 0;
  const left = counts.queued - held + counts.running;
  const start = async () => {
    await act('start', { study, maxParallel: parallel });
    return '';
  };
  const state = [
    paused ? 'Paused.' : '',
    job && job.state !== 'done' ? `${job.state}${job.detail ? `: ${job.detail}` : ''}.` : '',
    said === '' ? '' : `${said}.`,
  ];
  return (
    <div class="tools controls">
      {active ? (
        <button
          type="button"
          disabled={busy || paused}
          onClick={() => run(async () => (await act('pause', { study })).done)}
        >
          Pause
        </button>
      ) : (
        <>
          <button type="button" class="main" disabled={busy || left === 0} onClick={() => run(start)}>
            {counts.complete + counts.stopped + counts.infeasible > 0 || paused ? 'Resume' : 'Start'}
          </button>
          <label>
            at a time{' '}
            <input
              type="number"
              min="1"
              max="64"
              value={parallel}
              onInput={(e) => setParallel(Math.max(1, Number(e.currentTarget.value)))}
            />
          </label>
        </>
      )}
      {failed.length > 0 && (
        <button
          type="button"
          disabled={busy}
          onClick={() => run(async () => (await act('requeue', { study, trials: [...failed] })).done)}
        >
          Queue {failed.length} failed again
        </button>
      )}
      <span role="status">{state.filter((s) => s !== '').join(' ')}</span>
    </div>
  );
}
