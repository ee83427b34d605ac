/**
 * The process of a job, started by `Jobs` and by nobody else. It goes on when the server is gone: what it computes is in the folder, and is steered through the study's
 * store by whatever server comes next.
 */
import { requestOfForm } from '../../app/browse/thorough.ts';
import { measure } from '../../app/index.ts';
import { computeStudy, layingOut, linkOf, preparePlan, resumeStudy } from '../../app/study/index.ts';
import { BallastError, reasonOf } from '../../base/errors.ts';
import { loadExtensions } from '../../base/extensions.ts';
import { checkRequest } from '../../schema/index.ts';
import { planName, planRequest } from '../../schema/serve/index.ts';
import type { FromJob, JobOrder, ToJob } from './messages.ts';

const order = JSON.parse(process.argv[2]!) as JobOrder;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
process.on('message', (message: ToJob) => {
  if (message.stop) stop.abort();
});
const tell = (message: FromJob): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else resolve();
  });

type StudyOrder = Extract<JobOrder, { readonly what: 'resume' | 'study' }>;
type MeasureOrder = Extract<JobOrder, { readonly what: 'measure' }>;

const doing = 'ballast serve';

/** Milliseconds between reports of progress. */
const reporting = 300;

async function computed(of: StudyOrder): Promise<FromJob> {
  const { folder: out, maxParallel } = of;
  const options = {
    ...{ out, maxParallel, doing, signal: stop.signal },
    onNote: (note: string) => void tell({ fraction: null, detail: note }),
  };
  const { status, counts } =
    of.what === 'resume' ? await resumeStudy(options) : await computeStudy(await layingOut(of.file), options);
  const left = counts.queued + counts.running;
  return status === 'interrupted'
    ? { ended: 'stopped', detail: `${left} trials are left` }
    : { ended: 'done', detail: counts.failed > 0 ? `${counts.failed} trials failed` : 'every trial has ended' };
}

/** Without the keys that say nothing. */
const given = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };

async function measured({ name, request: filled, folder, root }: MeasureOrder): Promise<FromJob> {
  // Paths are those that the page knows.
  process.chdir(root);
  const request = requestOfForm(name, filled);
  let told = 0;
  const onProgress = (fraction: number | null, detail: string) => {
    if (performance.now() - told < reporting) return;
    told = performance.now();
    void tell({ fraction, detail });
  };
  const { signal } = stop;
  if (name === planName) {
    const { devices, bandwidth, latency, price, steps, timing, ...training } = checkRequest(planRequest, request);
    const link = linkOf(given({ bandwidth, latency }));
    const prepared = await preparePlan(
      {
        source: { kind: 'training', emission: 'auto', ...given(training) },
        ...{ devices, link, price, steps, timing },
      },
      { signal, doing, onStep: (step, detail) => onProgress(null, `step ${step}, ${detail}`) },
    );
    await tell({ fraction: null, detail: prepared.estimate });
    return (await prepared.run(folder))
      ? { ended: 'done', detail: prepared.estimate }
      : { ended: 'stopped', detail: 'it goes on from there' };
  }
  const onPlan = ({ estimate }: { readonly estimate: string | undefined }) =>
    void tell({ fraction: 0, detail: estimate ?? '' });
  await measure(name, request, { out: folder, signal, onProgress, onPlan });
  return { ended: 'done', detail: '' };
}

try {
  await loadExtensions();
  await tell(order.what === 'measure' ? await measured(order) : await computed(order));
} catch (error) {
  if (stop.signal.aborted) await tell({ ended: 'stopped', detail: 'finished parts are kept' });
  else await tell({ failed: error instanceof BallastError ? error.message : `unexpected failure: ${reasonOf(error)}` });
  process.exitCode = stop.signal.aborted ? 0 : 1;
}
if (process.connected) process.disconnect();
process.exit();
