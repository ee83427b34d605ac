import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { childModule } from '../../base/child-module.ts';
import type { JobState } from '../../schema/serve/index.ts';
import { Refusal } from '../http/refusal.ts';
import type { FromJob, JobOrder } from './messages.ts';

/** Jobs at a time, and ended ones that are remembered. */
const mostRunning = 4;
const mostEnded = 50;

interface Job {
  state: JobState;
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

export interface JobsOptions {
  readonly onChange: (job: JobState) => void;
  readonly onForget: (job: JobState) => void;
  /** A message as a page may read it. */
  readonly told: (message: string) => string;
}

const isOver = ({ state }: JobState) => state !== 'running' && state !== 'stopping';

/** What is computed for pages, each in a process of its own. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<string, Job>();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  get states(): JobState[] {
    return [...this.#jobs.values()].map((job) => job.state);
  }

  /** Starts a job, or gives the one that runs for this folder. `what` and `folder`: as pages call them. Throws Refusal when too many run. */
  start(order: JobOrder, what: string, folder: string): JobState {
    const running = [...this.#jobs.values()].filter((job) => !isOver(job.state));
    const same = running.find((job) => job.state.folder === folder);
    if (same) return same.state;
    if (running.length >= mostRunning)
      throw new Refusal(409, `${mostRunning} jobs run already; wait for one to end, or stop it`);
    const { path, execArgv = process.execArgv } = childModule('job-process', import.meta.url);
    // In a group of its own: Ctrl-C is for the server, which asks its jobs to end.
    const child = fork(path, [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
      execArgv: [...execArgv],
    });
    const id = randomUUID();
    const state: JobState = {
      ...{ id, what, folder, state: 'running', fraction: null, detail: '' },
      pid: child.pid ?? 0,
      began: Date.now(),
    };
    const ended = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        this.#set(id, { state: 'failed', detail: `could not be started: ${error.message}` });
        resolve();
      });
      child.on('exit', (code, signal) => {
        const job = this.#jobs.get(id);
        if (job && !isOver(job.state))
          this.#set(id, { state: 'failed', detail: `its process ended (${signal ?? `code ${code}`})` });
        resolve();
      });
    });
    this.#jobs.set(id, { state, child, ended });
    child.on('message', (message) => this.#told(id, message as FromJob));
    this.#options.onChange(state);
    this.#forgetOld();
    return state;
  }

  /** Asks a job to save and end; one that has ended stays as it is. Throws Refusal where there is none. */
  stop(id: string): JobState {
    const job = this.#jobs.get(id);
    if (!job) throw new Refusal(404, 'there is no such job');
    if (job.state.state === 'running') {
      job.child.send({ stop: true }, () => {
        // It has ended meanwhile.
      });
      this.#set(id, { state: 'stopping' });
    }
    return this.#jobs.get(id)!.state;
  }

  /** Asks all jobs to save and end, and waits for it. */
  async close(): Promise<void> {
    for (const { state } of this.#jobs.values()) this.stop(state.id);
    await Promise.all([...this.#jobs.values()].map((job) => job.ended));
  }

  #told(id: string, message: FromJob): void {
    const { told } = this.#options;
    if ('failed' in message) this.#set(id, { state: 'failed', detail: told(message.failed) });
    else if ('ended' in message) this.#set(id, { state: message.ended, detail: told(message.detail) });
    else this.#set(id, { fraction: message.fraction, detail: told(message.detail) });
  }

  #set(id: string, change: Partial<JobState>): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    job.state = { ...job.state, ...change };
    this.#options.onChange(job.state);
  }

  #forgetOld(): void {
    const over = [...this.#jobs.values()].filter((job) => isOver(job.state));
    for (const { state } of over.slice(0, Math.max(0, over.length - mostEnded))) {
      this.#jobs.delete(state.id);
      this.#options.onForget(state);
    }
  }
}
