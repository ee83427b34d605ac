/** A measurement or a plan as a form, its progress, and what came of it. */
import { useState } from 'preact/hooks';
import { formatPercent } from '../../report/numbers.ts';
import type { Form } from '../../schema/serve/index.ts';
import { act } from '../api/client.ts';
import { useQuery } from '../api/use-query.ts';
import { useActions } from '../parts/actions.ts';
import { isUnderWay, useJob } from '../parts/jobs.ts';
import { PlainTable } from '../parts/plain-table.tsx';
import { type Filled, RequestForm, requestOf } from '../parts/request-form.tsx';
import { linkTo, set, useRoute } from '../parts/route.ts';
import { Answered } from '../parts/states.tsx';
import { StoredPage } from '../parts/stored-page.tsx';

/** What a measurement leaves in its folder. */
const resultIn = (name: string, folder: string) => `${folder}/${name === 'batch-plan' ? 'plan' : 'result'}.json`;

function Outcome({ path }: { readonly path: string }) {
  const query = useQuery('result', { path });
  return (
    <Answered query={query} what={path}>
      {({ page, table, files }) => (
        <>
          <p>
            <a href={linkTo('result', { path })}>{path}</a>
          </p>
          {page === null ? <PlainTable text={table} /> : <StoredPage html={page} of={path} files={files} />}
        </>
      )}
    </Answered>
  );
}

function Measure({ form }: { readonly form: Form }) {
  const { query } = useRoute();
  const folder = query.get('folder') ?? form.name;
  const [filled, setFilled] = useState<Filled>({});
  const [again, setAgain] = useState(false);
  const { said, busy, run } = useActions();
  const job = useJob(folder);
  const underWay = isUnderWay(job);
  const begin = (event: Event) => {
    event.preventDefault();
    run(async () => {
      await act('measure', { name: form.name, request: requestOf(form, filled), folder });
      setAgain(false);
      return '';
    });
  };
  return (
    <>
      <p>{form.summary}.</p>
      {!(job?.state === 'done' && !again) && (
        <form onSubmit={begin}>
          <RequestForm form={form} filled={filled} onChange={setFilled} />
          <div class="tools">
            <label>
              Folder of the result{' '}
              <input value={folder} required onInput={(e) => set({ folder: e.currentTarget.value })} />
            </label>
            <button type="submit" class="main" disabled={busy || underWay}>
              {form.name === 'batch-plan' ? 'Plan' : 'Measure'}
            </button>
          </div>
        </form>
      )}
      {said !== '' && (
        <p class="state problem" role="alert">
          {said}
        </p>
      )}
      {job && (
        <div class="tools" role="status">
          <span>
            {job.state}
            {job.fraction !== null && underWay ? `, ${formatPercent(job.fraction)}` : ''}
            {job.detail ? `: ${job.detail}` : ''}
          </span>
          {underWay && <progress max={1} value={job.fraction ?? undefined} aria-label="How far it is" />}
          {job.state === 'running' && (
            <button type="button" onClick={() => run(async () => (await act('stop', { job: job.id })).done)}>
              Stop
            </button>
          )}
          {job.state === 'done' && !again && (
            <button type="button" onClick={() => setAgain(true)}>
              Ask again
            </button>
          )}
        </div>
      )}
      {job?.state === 'done' && !again && <Outcome path={resultIn(form.name, folder)} />}
    </>
  );
}

/** Which batch size: the ways to an answer, the cheapest first. */
const ways = [
  { name: 'batch-plan', title: 'Plan', what: 'A short run and its noise scale say where larger batches stop paying' },
  {
    name: 'branches',
    title: 'Branches',
    what: 'Branches from the checkpoints of a run of yours measure it, at several moments',
  },
] as const;

interface MeasureViewProps {
  /** Which batch size to train with: a plan, branches, or a study. */
  readonly planning: boolean;
}

export function MeasureView({ planning }: MeasureViewProps) {
  const { query: settings, view } = useRoute();
  const query = useQuery('forms', {});
  const name = settings.get('name') ?? (planning ? 'batch-plan' : 'spectrum');
  const planned: readonly string[] = ways.map((w) => w.name);
  return (
    <Answered query={query} what="what can be measured">
      {({ forms }) => {
        const form = forms.find((f) => f.name === name);
        return (
          <>
            <h1>{planning ? 'Which batch size?' : 'Measure'}</h1>
            {planning ? (
              <ul class="ways">
                {ways.map((way) => (
                  <li key={way.name}>
                    <a href={linkTo(view, { name: way.name })} aria-current={way.name === name ? 'page' : undefined}>
                      {way.title}
                    </a>
                    : {way.what}.
                  </li>
                ))}
                <li>
                  <a href="/edit">Study</a>: trainings at many batch sizes and rates answer it, and what it costs.
                </li>
              </ul>
            ) : (
              <p>
                <label>
                  What{' '}
                  <select value={name} onChange={(e) => set({ name: e.currentTarget.value, folder: undefined })}>
                    {forms
                      .filter((f) => !planned.includes(f.name))
                      .map((f) => (
                        <option key={f.name} value={f.name}>
                          {f.name}
                        </option>
                      ))}
                  </select>
                </label>
              </p>
            )}
            {form ? <Measure key={name} form={form} /> : <p class="state">There is no measurement of this name.</p>}
          </>
        );
      }}
    </Answered>
  );
}
