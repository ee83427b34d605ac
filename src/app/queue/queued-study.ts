/** A study that is handed out, looked at and steered from beside. */
import { resolve } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { ownFolder } from '../../formats/index.ts';
import { Coordinator, type TrialQueue } from '../../queue/index.ts';
import type { QueueState } from '../../schema/index.ts';
import { StudyStore } from '../../store/index.ts';
import { countTrials, pointName, type StudyCounts } from '../../study/index.ts';
import { forgetHandedOut, type HandedOut, handedOutIn, openQueue, requireHandedOut } from './handed-out.ts';

export interface QueuedStudyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
}

/** Opens the store and the queue of a study that is handed out, does something with them, and closes them. */
async function withQueue<T>(
  folder: string,
  { onNote }: QueuedStudyOptions,
  doing: string,
  work: (store: StudyStore, queue: TrialQueue, handed: HandedOut) => Promise<T>,
): Promise<T> {
  const study = resolve(folder);
  const handed = await requireHandedOut(study);
  // One coordinator at a time writes the store.
  const owner = await ownFolder(study, { doing, sweepDepth: 0 });
  try {
    const store = await StudyStore.open(study);
    const queue = await openQueue(study, handed, onNote);
    try {
      return await work(store, queue, handed);
    } finally {
      await queue.close();
      store.close();
    }
  } finally {
    owner.release();
  }
}

/**
 * Takes in what workers have said since somebody last asked, gives out again what was given back, and ends: for a coordinator that runs now and then. Throws UsageError for a study that is not handed out,
 * and FileError where another process coordinates it.
 */
export function syncQueuedStudy(folder: string, options: QueuedStudyOptions = {}): Promise<StudyCounts> {
  return withQueue(folder, options, 'ballast batch sync', async (store, queue, { priority }) => {
    const coordinator = new Coordinator({ store, queue, priority, onNote: options.onNote });
    const remaining = await coordinator.round();
    if (remaining.queued === 0 && remaining.running === 0) {
      await queue.clear();
      await forgetHandedOut(resolve(folder));
    } else await queue.serve(remaining);
    return countTrials(store);
  });
}

/** Takes all trials back: those that wait, and those that workers have, who are told. What was measured stays. Throws as `syncQueuedStudy` does. */
export function cancelQueuedStudy(folder: string, options: QueuedStudyOptions = {}): Promise<StudyCounts> {
  return withQueue(folder, options, 'ballast queue cancel', async (store, queue, { priority }) => {
    await new Coordinator({ store, queue, priority, onNote: options.onNote }).cancel();
    await queue.clear();
    await forgetHandedOut(resolve(folder));
    return countTrials(store);
  });
}

/** Stops giving out trials, or goes on with it: workers end what they have. Throws UsageError for a study that is not handed out. */
export async function drainQueuedStudy(folder: string, draining: boolean): Promise<void> {
  const study = resolve(folder);
  const queue = await openQueue(study, await requireHandedOut(study), undefined);
  try {
    await queue.drain(draining);
  } finally {
    await queue.close();
  }
}

/** Queues failed trials again, all of them or those whose ids begin so; the number of them. Throws UsageError for a beginning that no failed trial has. */
export async function retryFailed(folder: string, beginnings: readonly string[]): Promise<number> {
  const store = await StudyStore.open(resolve(folder));
  try {
    const failed = store.trials().filter((t) => t.status === 'failed');
    for (const beginning of beginnings)
      if (!failed.some((t) => t.id.startsWith(beginning)))
        throw new UsageError(`${beginning}: no failed trial of the study begins so`);
    const chosen = failed.filter((t) => beginnings.length === 0 || beginnings.some((b) => t.id.startsWith(b)));
    store.claims.queue(chosen.map((t) => t.id));
    return chosen.length;
  } finally {
    store.close();
  }
}

/** How a study is handed out, who works on it, and what is parked. Throws FileError for a folder without a study. */
export async function queueState(folder: string): Promise<QueueState> {
  const study = resolve(folder);
  const handed = await handedOutIn(study);
  const store = await StudyStore.openToRead(study);
  try {
    const names = new Map([...store.points()].reverse().map((p) => [p.trialId, pointName(p)]));
    const nameOf = (id: string) => names.get(id) ?? id.slice(0, 8);
    const rows = new Map(store.trials().map((t) => [t.id, t]));
    const queue = handed && (await openQueue(study, handed, undefined));
    const workers = (await queue?.workers()) ?? [];
    const state: QueueState = {
      study: store.study().name,
      queue: handed?.choice.kind ?? null,
      draining: (await queue?.isDraining()) ?? false,
      trials: countTrials(store),
      workers: workers.map(({ trials, worker, host, device, cores, gpus, memory, commands, speed, job }) => ({
        ...{ worker, host, device, cores, gpus, memory, commands, speed, job },
        trials: trials.map(({ trial, attempt }) => ({
          ...{ trial, attempt, name: nameOf(trial) },
          step: rows.get(trial)?.step ?? 0,
          budgetSteps: rows.get(trial)?.budgetSteps ?? 0,
        })),
      })),
      parked: [...rows.values()]
        .filter((t) => t.status === 'failed')
        .map(({ id, note }) => ({ trial: id, name: nameOf(id), note: note ?? '' })),
    };
    await queue?.close();
    return state;
  } finally {
    store.close();
  }
}
