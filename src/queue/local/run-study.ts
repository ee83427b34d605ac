import { setTimeout } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import type { StudyStore } from '../../store/index.ts';
import { countTrials, type StudyCounts } from '../../study/index.ts';
import { endNoted } from '../../trials/index.ts';
import { isAboutTrials, type ProcessReport } from '../process/trial-process-messages.ts';
import { TrialProcess } from '../process/trial-processes.ts';

export interface StudyRun {
  readonly store: StudyStore;
  /** Trials at a time. */
  readonly maxParallel: number;
  /** Threads of all of them together. */
  readonly threads: number;
  readonly device: string;
  /** Graphics processors for commands, given out in equal shares of `gpusEach`; undefined leaves the environment as it is. */
  readonly gpus?: readonly string[] | undefined;
  readonly gpusEach?: number;
  /** End with the first trial that fails. */
  readonly failFast: boolean;
  /** When it fires, all trials finish their step and save. */
  readonly signal: AbortSignal;
  readonly onReport?: (report: ProcessReport) => void;
  /** Told of what is odd but no error. */
  readonly onNote?: (note: string) => void;
}

export interface StudyRunResult {
  readonly status: 'complete' | 'interrupted';
  readonly counts: StudyCounts;
}

/** Milliseconds between looks at what other processes do. */
const watching = 1000;

/** How many processes may end in a row without a trial. */
const idleEnds = 3;

/**
 * Computes what is queued, in `maxParallel` processes, and ends when nothing is left, also of what other processes are at. A process that dies is
 * replaced, and its trial goes on from its checkpoint. Where the store is paused, all trials save and it ends as interrupted. Throws BallastError for what concerns all trials (a full disk), and with `failFast` when one has failed.
 */
export async function runStudy(run: StudyRun): Promise<StudyRunResult> {
  const { store, maxParallel, signal } = run;
  const slots = slotsOf(run);
  const order = {
    folder: store.folder,
    threads: Math.max(1, Math.floor(run.threads / maxParallel)),
    device: run.device,
    parallel: maxParallel,
  };
  const processes = new Set<TrialProcess>();
  let failure: BallastError | undefined;
  let idle = 0;
  const stopAll = () => {
    for (const process of processes) process.stop();
  };
  signal.addEventListener('abort', stopAll);

  const settle = async (process: TrialProcess) => {
    const { pid, failure: how, fatal } = await process.ended;
    processes.delete(process);
    slots.push(process.gpus);
    if (how === undefined) return;
    if (fatal) failure ??= new BallastError(how);
    await endCommandsOf(store, pid);
    const crashed = store.claims.crashed(pid, how);
    if (signal.aborted) return;
    if (!crashed) {
      idle++;
      if (idle >= idleEnds) failure ??= new BallastError(`trial processes end before they begin: ${how}`);
    } else {
      const then = crashed.status === 'failed' ? 'too often; it counts as failed' : 'it goes on from its checkpoint';
      run.onNote?.(`the process of trial ${crashed.id.slice(0, 8)} ended (${how}): ${then}`);
      run.onReport?.({ kind: 'ended', id: crashed.id, status: crashed.status, note: how });
      if (crashed.status === 'failed') failed(crashed.id, how);
    }
  };
  let paused = false;
  const failed = (id: string, note: string) => {
    if (run.failFast) failure ??= new BallastError(`trial ${id.slice(0, 8)} failed: ${note}`);
  };
  const start = () => {
    const gpus = slots.shift();
    const process = new TrialProcess({ ...order, ...(gpus ? { gpus } : {}) }, (report) => {
      if (!isAboutTrials(report)) return;
      run.onReport?.(report);
      if (report.kind === 'began') idle = 0;
      if (report.kind === 'ended' && report.status === 'failed') failed(report.id, report.note ?? '');
    });
    processes.add(process);
    return settle(process);
  };

  try {
    const settling = new Set<Promise<void>>();
    for (;;) {
      if (failure || signal.aborted) break;
      paused = store.paused;
      if (paused) {
        stopAll();
        break;
      }
      const { queued } = store.claims.waiting();
      for (let n = Math.min(queued, maxParallel - processes.size); n > 0; n--) {
        const one: Promise<void> = start().finally(() => settling.delete(one));
        settling.add(one);
      }
      if (processes.size === 0 && store.claims.waiting().running === 0 && store.claims.waiting().queued === 0) break;
      await Promise.race([...settling, setTimeout(watching)]);
    }
    if (failure) stopAll();
    await Promise.all(settling);
  } finally {
    signal.removeEventListener('abort', stopAll);
    stopAll();
  }
  if (failure) throw failure;
  return { status: signal.aborted || paused ? 'interrupted' : 'complete', counts: countTrials(store) };
}

/** The shares of the graphics processors, one for each process; undefined where there are none to give. */
function slotsOf({ gpus, gpusEach = 1, maxParallel }: StudyRun): (readonly string[] | undefined)[] {
  return Array.from({ length: maxParallel }, (_, i) => gpus?.slice(i * gpusEach, (i + 1) * gpusEach));
}

/** Seconds that a program has to end whose trial process is gone. */
const orphanGrace = 5;

/** Ends what a trial process that died has left running: its command knows nothing of that. */
async function endCommandsOf(store: StudyStore, pid: number): Promise<void> {
  const own = store.attempts().filter((a) => a.pid === pid && a.ended === null);
  for (const { trialId } of own) await endNoted(store.trialFolder(trialId), orphanGrace);
}
