import { useEffect, useState } from 'preact/hooks';
import { formatBytes } from '../../report/numbers.ts';
import type { FolderEntry, StudyProgress } from '../../schema/serve/index.ts';
import { live } from '../api/live.ts';
import { useQuery } from '../api/use-query.ts';
import { ProgressBar } from '../parts/progress-bar.tsx';
import { linkTo, set, useRoute } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';

interface Group {
  readonly title: string;
  readonly of: (kind: string) => boolean;
}

const trainings = ['train', 'run', 'branches', 'batch-plan', 'batch-report', 'linear-errors', 'reproduce-batch'];
const isStudy = (kind: string) => kind === 'study' || kind === 'study-file';

/** What a folder may hold, in the order of what is decided with it. */
const groups: readonly Group[] = [
  { title: 'Studies of the batch size', of: isStudy },
  { title: 'Trainings and plans', of: (kind) => trainings.includes(kind) },
  { title: 'Stability', of: (kind) => !isStudy(kind) && !trainings.includes(kind) && kind !== 'unreadable' },
  { title: 'Cannot be read', of: (kind) => kind === 'unreadable' },
];

const addressOf = ({ kind, path }: FolderEntry): string | undefined =>
  kind === 'unreadable'
    ? undefined
    : kind === 'study' || kind === 'run'
      ? linkTo('study', { path })
      : kind === 'study-file'
        ? linkTo('edit', { path })
        : linkTo('result', { path });

const date = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** All that is in the folder. */
export function FolderView() {
  const query = useQuery('folder', {});
  const { reload } = query;
  const { query: settings } = useRoute();
  const filter = settings.get('filter') ?? '';
  const [progress, setProgress] = useState<ReadonlyMap<string, StudyProgress>>(new Map());
  useEffect(() => {
    return live.onEvents((events) => {
      if (events.some((e) => e.kind === 'folder')) reload();
      const further = events.flatMap((e) => (e.kind === 'study' ? [e.progress] : []));
      if (further.length > 0)
        setProgress((before) => new Map([...before, ...further.map((p) => [p.study, p] as const)]));
    });
  }, [reload]);
  return (
    <Answered query={query} what="the folder">
      {({ name, entries, passed, more }) => {
        const shown = entries.filter((e) =>
          `${e.path} ${e.kind} ${e.name}`.toLowerCase().includes(filter.toLowerCase()),
        );
        return (
          <>
            <h1>{name}</h1>
            <p class="filter">
              <label>
                Filter <input type="search" value={filter} onInput={(e) => set({ filter: e.currentTarget.value })} />
              </label>
              <span role="status">
                {shown.length} of {entries.length}
                {more ? ', and there is more than is listed' : ''}
              </span>
            </p>
            {entries.length === 0 && (
              <div class="state">
                <p>There is nothing of Ballast in this folder yet.</p>
                <p>
                  <code>ballast demo --out {name}</code> fills one in some minutes; or <a href="/edit">write a study</a>
                  .
                </p>
              </div>
            )}
            {groups.map(({ title, of }) => {
              const own = shown.filter((e) => of(e.kind));
              if (own.length === 0) return null;
              return (
                <section key={title}>
                  <h2>{title}</h2>
                  <ul class="entries">
                    {own.map((entry) => {
                      const address = addressOf(entry);
                      const further = progress.get(entry.path);
                      return (
                        <li key={`${entry.kind} ${entry.path}`}>
                          <span class="kind">{entry.kind}</span>
                          {address ? (
                            <a href={address}>{entry.path === '.' ? name : entry.path}</a>
                          ) : (
                            <span>{entry.path}</span>
                          )}
                          {further ? (
                            <ProgressBar progress={further} small />
                          ) : (
                            <span class="when">
                              {date(entry.changed)} · {formatBytes(entry.bytes)}
                            </span>
                          )}
                          {entry.problem && <p class="wrong">{entry.problem}</p>}
                        </li>
                      );
                    })}
                  </ul>
                </section>
              );
            })}
            {passed > 0 && (
              <p class="note">
                {passed} passed over: symbolic links are not followed, and folders more than eight levels down are not
                looked into.
              </p>
            )}
          </>
        );
      }}
    </Answered>
  );
}
