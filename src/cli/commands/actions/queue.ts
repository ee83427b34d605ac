import { setTimeout } from 'node:timers/promises';
import { cancelQueuedStudy, drainQueuedStudy, queueState, retryFailed } from '../../../app/queue/index.ts';
import { alignColumns, formatBytes, formatCount, formatNumber } from '../../../report/index.ts';
import { type QueueState, queueStateKind } from '../../../schema/index.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { printDocument } from '../../terminal/print-document.ts';
import { countsText } from '../batch/shown/texts.ts';

/** Milliseconds between two views. */
const watching = 3000;

export async function status(
  dir: string,
  { json = false, watch = false }: { readonly json?: boolean; readonly watch?: boolean },
): Promise<void> {
  if (json) return printDocument(queueStateKind, { folder: dir }, await queueState(dir));
  if (!watch) {
    process.stdout.write(textOf(await queueState(dir)));
    return;
  }
  const interrupts = listenForInterrupts();
  try {
    while (!interrupts.signal.aborted) {
      const text = textOf(await queueState(dir));
      // A terminal is cleared; what is written elsewhere follows one after another.
      process.stdout.write(process.stdout.isTTY ? `\x1b[H\x1b[2J${text}` : `${text}\n`);
      await setTimeout(watching, undefined, { signal: interrupts.signal }).catch(() => {});
    }
  } finally {
    interrupts.end();
  }
}

export async function drain(dir: string, { off = false }: { readonly off?: boolean }): Promise<void> {
  await drainQueuedStudy(dir, !off);
  process.stdout.write(
    off ? 'trials are given out again\n' : 'nothing more is given out; workers end what they have\n',
  );
}

export async function retry(dir: string, trials: readonly string[]): Promise<void> {
  const queued = await retryFailed(dir, trials);
  process.stdout.write(`${formatCount(queued)} trial${queued === 1 ? '' : 's'} queued again\n`);
}

export async function cancel(dir: string): Promise<void> {
  const counts = await cancelQueuedStudy(dir, { onNote: (note) => process.stderr.write(`note: ${note}\n`) });
  process.stdout.write(`taken back: ${countsText(counts)}\n`);
}

function textOf({ study, queue, draining, trials, workers, parked }: QueueState): string {
  const rows = workers.map((w) => [
    w.host,
    w.job ?? '-',
    w.device,
    formatCount(w.cores),
    w.gpus === 0 ? '-' : formatCount(w.gpus),
    formatBytes(w.memory),
    w.speed === null ? '-' : formatNumber(w.speed),
    w.trials.map((t) => `${t.name}, step ${formatCount(t.step)} of ${formatCount(t.budgetSteps)}`).join('; ') ||
      'nothing',
  ]);
  return [
    `${study}: ${queue === null ? 'not handed out' : `handed out (${queue})`}${draining ? ', draining' : ''}; ${countsText(trials)}`,
    ...(rows.length === 0
      ? []
      : alignColumns([['worker', 'job', 'device', 'cores', 'gpus', 'memory', 'GFLOP/s', 'works on'], ...rows], {
          left: [0, 1, 2, 7],
        })),
    ...parked.map((t) => `parked: ${t.name} (${t.trial.slice(0, 12)}): ${t.note}`),
    '',
  ].join('\n');
}
