import { setTimeout } from 'node:timers/promises';
import type { ChildModule } from '../../base/child-module.ts';
import { BallastError, reasonOf } from '../../base/errors.ts';
import type { TrialEvent } from '../../schema/index.ts';
import { ClaimLost } from '../../store/index.ts';
import { endNoted } from '../../trials/index.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';
import { isAboutTrials, type ProcessReport, type ServedReport } from '../process/trial-process-messages.ts';
import { TrialProcess } from '../process/trial-processes.ts';

export interface WorkerOptions {
  readonly source: TrialSource;
  /** What its processes run, which calls `serveTrials`; trials of studies alone unless told. */
  readonly process?: ChildModule | undefined;
  /** Trials at a time, each in a process of its own. */
  readonly maxParallel: number;
  /** Threads of all of them together. */
  readonly threads: number;
  readonly device: string;
  /** Graphics processors, given out in equal shares. */
  readonly gpus?: readonly string[] | undefined;
  /** End when nothing waits, instead of looking again. */
  readonly untilIdle: boolean;
  /** Seconds after which nothing new is taken and what runs is saved and given back; no bound unless told. */
  readonly seconds?: number | undefined;
  /** When it fires, all trials finish their step, save, and are given back. */
  readonly signal: AbortSignal;
  readonly onReport?: ((report: ProcessReport) => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  /** Milliseconds between looks for a trial. */
  readonly polling?: number;
  /** Milliseconds without a sign of life of its process after which a trial counts as hung. */
  readonly silence?: number;
}

/** Milliseconds between signs of life for the queue. */
const renewal = 10_000;
/** Milliseconds that a process has to end a trial that was lost, or to save and end. */
const patience = 30_000;
/** Seconds that a program has to end whose trial process is gone. */
const orphanGrace = 5;
/** How many processes may end in a row before they begin a trial. */
const idleEnds = 3;

/** What a worker has come to. */
export interface WorkerResult {
  /** Trials that it has ended, whatever came of them. */
  readonly ended: number;
}

/**
 * Takes trials from a queue, one after another in each of its places, and computes each in a process of its own, so that a busy processor, a crash or a hung program costs neither the
 * claim nor the worker. Resolves when it was told to stop, its time is over, or nothing waits. Throws BallastError for what concerns all trials, such as a full disk.
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerResult> {
  const { source, maxParallel, gpus, signal, seconds } = options;
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const timer = seconds === undefined ? undefined : globalThis.setTimeout(stop, 1000 * seconds);
  let ended = 0;
  const share = gpus && Math.floor(gpus.length / maxParallel);
  const announcing = setInterval(() => void source.announce().catch(() => {}), renewal);
  try {
    await source.announce();
    const places = Array.from({ length: maxParallel }, (_, i) =>
      servePlace({ ...options, gpus: gpus?.slice(i * share!, (i + 1) * share!) }, over.signal, () => ended++).catch(
        (error) => {
          // What concerns all trials ends the others too.
          stop();
          throw error;
        },
      ),
    );
    const settled = await Promise.allSettled(places);
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    return { ended };
  } finally {
    clearInterval(announcing);
    if (timer !== undefined) clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await source.close();
  }
}

/** Takes and computes trials one at a time, with one process for as long as it lives. */
async function servePlace(options: WorkerOptions, signal: AbortSignal, onEnded: () => void): Promise<void> {
  const { source, untilIdle, polling = 2000 } = options;
  let process: ServedProcess | undefined;
  let idle = 0;
  try {
    while (!signal.aborted) {
      if (process?.isGone !== false) {
        process = new ServedProcess(options);
        const failure = await process.ready;
        if (failure !== undefined && ++idle >= idleEnds)
          throw new BallastError(`trial processes end before they begin: ${failure}`);
        if (failure !== undefined) continue;
      }
      const trial = await source.claim();
      if (!trial) {
        if (untilIdle) return;
        await setTimeout(polling, undefined, { signal }).catch(() => {});
        continue;
      }
      idle = 0;
      const fatal = await process.compute(trial, signal);
      onEnded();
      if (fatal !== undefined) throw new BallastError(fatal);
    }
  } finally {
    await process?.end();
  }
}

/** A trial process, and the trial that it has. */
class ServedProcess {
  readonly #options: WorkerOptions;
  readonly #process: TrialProcess;
  /** Undefined when it is ready, else why it ended before. */
  readonly ready: Promise<string | undefined>;
  isGone = false;
  #onReport: (report: ServedReport) => void = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { threads, maxParallel, device, gpus } = options;
    const order = {
      threads: Math.max(1, Math.floor(threads / maxParallel)),
      device,
      parallel: maxParallel,
      ...(gpus ? { gpus } : {}),
    };
    this.#process = new TrialProcess(order, (report) => this.#onReport(report), options.process);
    this.ready = new Promise((resolve) => {
      this.#onReport = ({ kind }) => {
        if (kind === 'ready') resolve(undefined);
      };
      void this.#process.ended.then(({ failure }) => {
        this.isGone = true;
        resolve(failure ?? 'it ended');
      });
    });
  }

  /** Computes a trial. Resolves when it has ended, was lost, or its process is gone; to the reason where that concerns all trials. */
  async compute(trial: HeldTrial, signal: AbortSignal): Promise<string | undefined> {
    const { onReport, onNote, silence = 120_000 } = this.#options;
    let [ended, lost] = [false, false];
    let [step, heard, renewed] = [0, performance.now(), performance.now()];
    let done: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      done = resolve;
    });
    let late: NodeJS.Timeout | undefined;
    const limit = () => {
      late ??= globalThis.setTimeout(() => this.#process.kill(), patience);
    };
    const stop = () => {
      this.#process.stop();
    };
    /** Whatever is told to the queue may find that the trial is another's. */
    const tell = (say: () => void) => {
      if (lost) return;
      try {
        say();
      } catch (error) {
        lost = true;
        const why = reasonOf(error);
        onNote?.(why);
        this.#process.tell({ kind: 'lost', why });
        if (!(error instanceof ClaimLost)) this.#broken = why;
        limit();
      }
    };
    this.#onReport = (report) => {
      heard = performance.now();
      if (report.kind === 'said') {
        const { event } = report;
        if (event.kind === 'begun' || event.kind === 'alive') step = event.step;
        if (event.kind === 'ended') ended = true;
        renewed = performance.now();
        tell(() => relay(trial, event));
      } else if (report.kind === 'ready') done();
      else if (isAboutTrials(report)) {
        if (report.kind === 'step') step = report.step;
        if (report.kind !== 'broken') onReport?.(report);
      }
    };
    const watch = setInterval(() => {
      const now = performance.now();
      if (now - heard > silence) this.#process.kill();
      else if (!ended && now - renewed >= renewal) {
        renewed = now;
        tell(() => trial.renew(step));
      }
    }, 1000);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      this.#process.tell({
        kind: 'trial',
        trial: {
          ...{ id: trial.id, attempt: trial.attempt, spec: trial.spec },
          ...{ budgetSteps: trial.budgetSteps, budgetSeconds: trial.budgetSeconds },
          folder: trial.folder,
          known: trial.known(),
        },
      });
      const end = await Promise.race([ready, this.#process.ended]);
      if (end !== undefined) {
        // The program of a command knows nothing of the end of its trial process.
        await endNoted(trial.folder, orphanGrace);
        if (!ended && !lost) {
          const how = end.failure ?? 'it ended';
          onNote?.(`the process of trial ${trial.id.slice(0, 8)} ended (${how})`);
          tell(() => trial.crash(how));
        }
      }
      await trial.settled().catch((error) => {
        if (!(error instanceof ClaimLost)) throw error;
      });
      return this.#broken ?? (end?.fatal ? end.failure : undefined);
    } finally {
      clearInterval(watch);
      if (late !== undefined) clearTimeout(late);
      signal.removeEventListener('abort', stop);
      this.#onReport = () => {};
    }
  }

  /** Why nothing can be told to the queue any more. */
  #broken: string | undefined;

  async end(): Promise<void> {
    if (this.isGone) return;
    this.#process.stop();
    const late = globalThis.setTimeout(() => this.#process.kill(), patience);
    await this.#process.ended;
    clearTimeout(late);
  }
}

/** Says to the queue what a trial process has said. */
function relay(trial: HeldTrial, event: TrialEvent): void {
  if (event.kind === 'begun') trial.begin(event.step);
  else if (event.kind === 'row') trial.measure(event.row);
  else if (event.kind === 'alive') trial.renew(event.step);
  else if (event.kind === 'ended') trial.end(event);
  else if (event.kind === 'crashed') trial.crash(event.how);
}
