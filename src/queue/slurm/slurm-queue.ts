import { join } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import type { Fence, SlurmOptions } from '../../schema/index.ts';
import type { Remaining } from '../driver.ts';
import { namesIn } from '../folder/exclusive.ts';
import { FolderQueue, type FolderQueueOptions } from '../folder/folder-queue.ts';
import { keyOf } from '../folder/places.ts';
import { jobScript } from './job-script.ts';
import { isPresent, type ListedTask, Scheduler, SchedulerSilent } from './scheduler.ts';
import { Submissions } from './submissions.ts';

export interface SlurmQueueOptions extends FolderQueueOptions {
  readonly slurm: SlurmOptions;
  /** What starts Ballast on a compute node. */
  readonly program: readonly string[];
  /** Whether trials are commands of the study. */
  readonly commands: boolean;
  readonly scheduler?: Scheduler;
  readonly onNote?: ((note: string) => void) | undefined;
}

/** How many submissions in a row may be refused, or end without one trial taken. */
const barrenAllowed = 3;

/**
 * Hands the trials of a study out to the tasks of one job array, which share its folder and nothing else. When an array has ended and trials still wait, another one is submitted. What the scheduler says
 * is used to see sooner that a worker is gone; nothing depends on its saying it.
 */
export class SlurmQueue extends FolderQueue {
  readonly #study: string;
  readonly #options: SlurmQueueOptions;
  readonly #scheduler: Scheduler;
  #submissions: Submissions | undefined;
  /** When an attempt was first seen to be held: only what was asked later tells of it. */
  readonly #since = new Map<string, number>();
  #refused = 0;
  #barren = 0;
  #submitted = Number.NEGATIVE_INFINITY;

  constructor(study: string, options: SlurmQueueOptions) {
    super(study, options);
    this.#study = study;
    this.#options = options;
    this.#scheduler = options.scheduler ?? new Scheduler();
  }

  override async serve({ queued }: Remaining): Promise<void> {
    if (queued === 0) return;
    const submissions = await this.#opened();
    const { last } = submissions;
    if (last && last.state !== 'over') {
      const tasks = await this.#scheduler.tasks(submissions.open, this.#submitted);
      // No answer: those that were submitted may well be there.
      if (tasks === undefined) return;
      const found = tasks.find((t) => t.name === last.name);
      if (found) {
        if (last.state === 'asked') await submissions.change(last.name, { state: 'there', job: found.job });
        return;
      }
      await this.#ended(last.name, last.state, last.attempts);
    }
    // What waits for its time after a crash needs nobody yet.
    const waiting = namesIn(this.places.waiting).length;
    if (waiting > 0) await this.#submit(waiting);
  }

  override async lost(held: readonly Fence[]): Promise<readonly Fence[]> {
    const now = this.#scheduler.now();
    const keys = new Set(held.map(keyOf));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const key of keys) if (!this.#since.has(key)) this.#since.set(key, now);
    const silent = new Set((await super.lost(held)).map(keyOf));
    const { open } = await this.#opened();
    const gone = new Set<string>();
    const inJobs = held.filter((fence) => this.holder(fence)?.job?.startsWith('slurm ') === true);
    const restarted = this.#restarted(inJobs);
    for (const fence of inJobs) {
      const [, job, task] = this.holder(fence)!.job!.split(' ');
      const since = this.#since.get(keyOf(fence))!;
      const tasks = open.length === 0 ? undefined : await this.#scheduler.tasks(open, since);
      const isThere = (t: ListedTask) => t.job === job && t.task === task && isPresent(t);
      if (restarted.has(keyOf(fence)) || (tasks !== undefined && !tasks.some(isThere))) gone.add(keyOf(fence));
    }
    return held.filter((fence) => silent.has(keyOf(fence)) || gone.has(keyOf(fence)));
  }

  override async clear(): Promise<void> {
    await this.end();
    await super.clear();
  }

  /** Ends the tasks that there are. */
  async end(): Promise<void> {
    const submissions = await this.#opened();
    const { open } = submissions;
    if (open.length === 0) return;
    try {
      await this.#scheduler.cancel(open);
      for (const name of open) await submissions.change(name, { state: 'over' });
    } catch (error) {
      if (!(error instanceof SchedulerSilent)) throw error;
      this.#options.onNote?.(`${error.message}; tasks of ${open.join(', ')} end by themselves when nothing waits`);
    }
  }

  async #opened(): Promise<Submissions> {
    this.#submissions ??= await Submissions.of(this.#study);
    return this.#submissions;
  }

  /** Attempts of a task that has begun anew since. */
  #restarted(held: readonly Fence[]): ReadonlySet<string> {
    const newest = new Map<string, number>();
    const startOf = (fence: Fence) => {
      const [, job, task, restarts] = this.holder(fence)!.job!.split(' ');
      return { task: `${job} ${task}`, restarts: Number(restarts) };
    };
    for (const fence of held) {
      const { task, restarts } = startOf(fence);
      newest.set(task, Math.max(restarts, newest.get(task) ?? 0));
    }
    return new Set(held.filter((fence) => startOf(fence).restarts < newest.get(startOf(fence).task)!).map(keyOf));
  }

  /** A submission has no tasks, or never came to be. */
  async #ended(name: string, state: 'asked' | 'there', attempts: number): Promise<void> {
    const submissions = await this.#opened();
    await submissions.change(name, { state: 'over' });
    if (state === 'asked') return;
    this.#barren = this.#attempts() > attempts ? 0 : this.#barren + 1;
    if (this.#barren >= barrenAllowed)
      throw new BallastError(
        `${this.#barren} job arrays in a row ended without taking a trial; see ${join(submissions.folder, `${name}.0.log`)}`,
      );
  }

  #attempts(): number {
    return namesIn(this.places.claims).length;
  }

  async #submit(waiting: number): Promise<void> {
    const { slurm, program, commands, onNote } = this.#options;
    const submissions = await this.#opened();
    const name = submissions.nextName();
    const tasks = Math.min(waiting, await this.#scheduler.arraySize());
    const path = join(submissions.folder, `${name}.sh`);
    const job = { name, tasks, folder: this.#study, program, commands, logs: submissions.folder };
    await writeFileAtomic(path, jobScript(slurm, job));
    await submissions.add({ name, tasks, job: null, attempts: this.#attempts(), state: 'asked' });
    this.#submitted = this.#scheduler.now();
    try {
      const id = await this.#scheduler.submit(path);
      await submissions.change(name, { state: 'there', job: id });
      this.#refused = 0;
      onNote?.(
        `submitted job ${id}: ${tasks} task${tasks === 1 ? '' : 's'}, ${Math.min(tasks, slurm.arrayLimit)} at a time`,
      );
    } catch (error) {
      if (!(error instanceof SchedulerSilent)) throw error;
      this.#refused++;
      if (this.#refused >= barrenAllowed && !isPassing(error.message)) throw new BallastError(error.message);
      onNote?.(`${error.message}; whether the job is there is asked before it is submitted again`);
    }
  }
}

/** What a scheduler says that is busy or away, and will be back. */
const isPassing = (said: string) =>
  /no answer|timed out|unable to contact|connection refused|temporarily|communication connection failure|try again/i.test(
    said,
  );
