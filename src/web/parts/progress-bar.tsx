import type { StudyProgress } from '../../schema/serve/index.ts';

/** How trials ended, in the order of the bar; each has its pattern beside its colour. */
export const states = ['complete', 'stopped', 'infeasible', 'failed', 'running', 'queued'] as const;

/** In words. */
export function progressText({ counts, held, paused }: StudyProgress): string {
  const parts = states.flatMap((state) => (counts[state] > 0 ? [`${counts[state]} ${state}`] : []));
  return [...parts, ...(held > 0 ? [`${held} cancelled`] : []), ...(paused ? ['paused'] : [])].join(', ');
}

/** The trials of a study by state. */
export function ProgressBar({
  progress,
  small = false,
}: {
  readonly progress: StudyProgress;
  readonly small?: boolean;
}) {
  const { counts } = progress;
  const text = progressText(progress);
  return (
    <div class={`progress${small ? ' small' : ''}`}>
      <div class="bar" role="img" aria-label={text === '' ? 'no trials' : text}>
        {states.map(
          (state) => counts[state] > 0 && <i key={state} class={state} style={{ flexGrow: counts[state] }} />,
        )}
      </div>
      <span>{text === '' ? 'no trials' : text}</span>
    </div>
  );
}
