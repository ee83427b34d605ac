import { execFile } from 'node:child_process';
import { BallastError } from '../../base/errors.ts';

/** A program of the scheduler gave no answer that can be relied on: nothing follows from that, neither that it was done nor that it was not. */
export class SchedulerSilent extends BallastError {}

/** A task of an array that the scheduler lists. */
export interface ListedTask {
  /** Of the array. */
  readonly job: string;
  /** Undefined for those that wait together. */
  readonly task: string | undefined;
  readonly name: string;
  readonly state: string;
}

export interface SchedulerOptions {
  /** Milliseconds between questions about jobs, for all of them together. */
  readonly interval?: number;
  /** Milliseconds that a program has. */
  readonly patience?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** States in which a task's processes are there. */
const present = new Set([
  ...['RUNNING', 'COMPLETING', 'CONFIGURING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT', 'RESIZING'],
]);
export const isPresent = ({ state }: ListedTask): boolean => present.has(state);

/** Slurm's programs, none of which is believed more than it says: they fail, time out though they did what they were asked, and forget. */
export class Scheduler {
  readonly #interval: number;
  readonly #patience: number;
  readonly #now: () => number;
  #asked = Number.NEGATIVE_INFINITY;
  #answer: { readonly tasks: readonly ListedTask[]; readonly asked: number } | undefined;
  #arraySize: number | undefined;

  constructor({ interval = 30_000, patience = 60_000, now = () => performance.now() }: SchedulerOptions = {}) {
    this.#interval = interval;
    this.#patience = patience;
    this.#now = now;
  }

  /** Submits a script; its job's id. Throws SchedulerSilent: the job may be there all the same. */
  async submit(path: string): Promise<string> {
    const said = await this.#run('sbatch', ['--parsable', path]);
    const match = /^(\d+)(?:;\S+)?$/m.exec(said.trim());
    if (!match) throw new SchedulerSilent(`sbatch: answered ${JSON.stringify(said.slice(0, 200))}, no job`);
    return match[1]!;
  }

  /**
   * The tasks that jobs of these names have, and when that was asked; asked at most once in the interval, whoever wants to know, and undefined where there is no answer that is
   * newer than `since`.
   */
  async tasks(names: readonly string[], since = Number.NEGATIVE_INFINITY): Promise<readonly ListedTask[] | undefined> {
    const now = this.#now();
    if (now - this.#asked >= this.#interval) {
      this.#asked = now;
      try {
        const said = await this.#run('squeue', ['--noheader', `--name=${names.join(',')}`, '--format=%i|%j|%T']);
        this.#answer = { tasks: said.split('\n').flatMap(listed), asked: now };
      } catch (cause) {
        if (!(cause instanceof SchedulerSilent)) throw cause;
      }
    }
    return this.#answer !== undefined && this.#answer.asked > since ? this.#answer.tasks : undefined;
  }

  /** Ends the jobs of these names, those that wait and those that run. Throws SchedulerSilent. */
  async cancel(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#run('scancel', [`--name=${name}`]);
  }

  /** The most tasks of an array; Slurm's usual number where it does not say. */
  async arraySize(): Promise<number> {
    this.#arraySize ??= await this.#run('scontrol', ['show', 'config']).then(
      (said) => Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(said)?.[1] ?? 1001) - 1,
      () => undefined,
    );
    return Math.max(1, this.#arraySize ?? 1000);
  }

  now(): number {
    return this.#now();
  }

  #run(program: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(
        program,
        args,
        { timeout: this.#patience, killSignal: 'SIGKILL', maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          if (!error) return resolve(stdout);
          if ((error as NodeJS.ErrnoException).code === 'ENOENT')
            return reject(
              new BallastError(`${program} is not on PATH; run this where Slurm's programs are, such as a login node`),
            );
          const why = error.killed ? `no answer in ${this.#patience / 1000} s` : stderr.trim() || error.message;
          reject(new SchedulerSilent(`${program}: ${why.split('\n').at(-1)!.slice(0, 500)}`));
        },
      );
    });
  }
}

/** `17_3|name|RUNNING`, and `17_[4-9%2]|name|PENDING` for those that wait together. */
function listed(line: string): ListedTask[] {
  const match = /^\s*(\d+)(?:_(\d+|\[[^\]]*\]))?\|([^|]*)\|([A-Z_]+)\s*$/.exec(line);
  if (!match) return [];
  const [, job, task, name, state] = match;
  return [{ job: job!, task: task?.startsWith('[') ? undefined : task, name: name!, state: state! }];
}
