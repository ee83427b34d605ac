/**
 * The process of a job, started by `Jobs` and by nobody else. It goes on when the server is gone: what it computes is in the folder, and is steered through the study's
 * store by whatever server comes next.
 */
import { computeStudy, layingOut, resumeStudy } from '../../app/study/index.ts';
import { BallastError, reasonOf } from '../../base/errors.ts';
import { loadExtensions } from '../../base/extensions.ts';
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

async function compute(): Promise<FromJob> {
  const { folder: out, maxParallel } = order;
  const options = {
    ...{ out, maxParallel, signal: stop.signal, doing: 'ballast serve' },
    onNote: (note: string) => void tell({ fraction: null, detail: note }),
  };
  const { status, counts } =
    order.what === 'resume' ? await resumeStudy(options) : await computeStudy(await layingOut(order.file), options);
  const left = counts.queued + counts.running;
  return status === 'interrupted'
    ? { ended: 'stopped', detail: `${left} trials are left` }
    : { ended: 'done', detail: counts.failed > 0 ? `${counts.failed} trials failed` : 'every trial has ended' };
}

try {
  await loadExtensions();
  await tell(await compute());
} catch (error) {
  await tell({ failed: error instanceof BallastError ? error.message : `unexpected failure: ${reasonOf(error)}` });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
process.exit();
