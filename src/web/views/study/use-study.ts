/** A study as it was read, with what has come since. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StudyAnalysis, StudyOverview, StudyProgress, TrialState } from '../../../schema/serve/index.ts';
import { live } from '../../api/live.ts';
import { type Query, useQuery } from '../../api/use-query.ts';

interface Changes {
  readonly trials: ReadonlyMap<string, TrialState>;
  readonly progress: StudyProgress | undefined;
}

const none: Changes = { trials: new Map(), progress: undefined };

/** The later of two states of a trial: what was read after an interruption is ahead of what was told before. */
const further = (read: TrialState, told: TrialState | undefined): TrialState =>
  told === undefined || told.attempt < read.attempt || (told.attempt === read.attempt && told.step < read.step)
    ? read
    : told;

export interface LiveStudy {
  readonly query: Query<StudyOverview>;
  readonly trials: readonly TrialState[];
  readonly progress: StudyProgress | undefined;
}

export function useStudy(study: string): LiveStudy {
  const query = useQuery('study', { study });
  const [changes, setChanges] = useState(none);
  const { value: base, reload } = query;
  // A study that is only being laid out is there as soon as the folder says so.
  const absent = query.error?.status === 404;
  useEffect(
    () =>
      absent
        ? live.onEvents((events) => {
            if (events.some((e) => e.kind === 'folder' || (e.kind === 'study' && e.progress.study === study))) reload();
          })
        : undefined,
    [absent, study, reload],
  );
  useEffect(() => {
    return base && live.follow(study, base.cursor);
  }, [study, base]);
  useEffect(
    () =>
      live.onEvents((events) => {
        const trials = events.flatMap((e) => (e.kind === 'trial' && e.study === study ? [e.trial] : []));
        const progress = events.flatMap((e) => (e.kind === 'study' && e.progress.study === study ? [e.progress] : []));
        if (trials.length === 0 && progress.length === 0) return;
        setChanges((before) => ({
          trials:
            trials.length === 0 ? before.trials : new Map([...before.trials, ...trials.map((t) => [t.id, t] as const)]),
          progress: progress.at(-1) ?? before.progress,
        }));
      }),
    [study],
  );
  const known = useMemo(() => new Set(base?.trials.map((t) => t.id)), [base]);
  const trials = useMemo(
    () => (base ? base.trials.map((t) => further(t, changes.trials.get(t.id))) : []),
    [base, changes.trials],
  );
  // Its grid has grown.
  const hasNew = base !== undefined && [...changes.trials.keys()].some((id) => !known.has(id));
  useEffect(() => {
    if (hasNew) reload();
  }, [hasNew, reload]);
  return { query, trials, progress: changes.progress ?? base };
}

/** An analysis is asked for again no sooner after a change, in milliseconds, nor than three times what the last one took. */
const soonest = 2000;

/** What the study says, asked for again when its trials have come further. */
export function useAnalysis(study: string, { trials, progress }: LiveStudy): Query<StudyAnalysis> {
  const query = useQuery('analysis', { study });
  const { reload, loading, value } = query;
  const version = progress ? `${JSON.stringify(progress.counts)} ${trials.reduce((sum, t) => sum + t.step, 0)}` : '';
  const asked = useRef('');
  const wait = Math.max(soonest, 3000 * (value?.seconds ?? 0));
  useEffect(() => {
    if (asked.current === '') asked.current = version;
    if (version === asked.current || loading) return;
    const timer = setTimeout(() => {
      asked.current = version;
      reload();
    }, wait);
    return () => clearTimeout(timer);
  }, [version, loading, wait, reload]);
  return query;
}
