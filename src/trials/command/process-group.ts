import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import { quote, writeFileAtomic } from '../../formats/index.ts';
import { isAlive, type Owner, ownerOf, processOf } from '../../store/index.ts';
import type { CommandLine } from './command-line.ts';

/** How a program ended: its exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A signal to a whole group; false where it is gone. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (cause) {
    // EPERM: somebody is there who is not ours.
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Asks a group to end (SIGTERM), waits, and ends what is left of it (SIGKILL). Resolves when nothing of it runs. */
async function endGroup(pid: number, graceSeconds: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return;
  const until = performance.now() + 1000 * graceSeconds;
  while (performance.now() < until) {
    if (!signalGroup(pid, 0)) return;
    await setTimeout(20);
  }
  if (!signalGroup(pid, 'SIGKILL')) return;
  // The system takes a moment; what cannot be killed at all is not waited for.
  for (let i = 0; i < 250 && signalGroup(pid, 0); i++) await setTimeout(20);
}

/** A program and all that it starts, in a process group of its own: noted in a file, so that whoever comes after a kill finds and ends it. */
export class ProcessGroup {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Nobody holds its output open any longer. */
  readonly closed: Promise<void>;
  readonly #note: string;

  private constructor(
    child: ChildProcess,
    { exited, closed }: { exited: Promise<Exit>; closed: Promise<void> },
    note: string,
  ) {
    this.child = child;
    this.exited = exited;
    this.closed = closed;
    this.#note = note;
  }

  /**
   * Starts it, without a shell. What it prints goes to `take` from the first moment: Node lets go of the output of a program that exits while nobody listens, and a short one is over
   * before a busy disk has the note. Throws BallastError for a program that cannot be started.
   */
  static async start(
    line: CommandLine,
    env: NodeJS.ProcessEnv,
    note: string,
    take: (stream: Readable) => void,
  ): Promise<ProcessGroup> {
    let child: ChildProcess;
    try {
      child = spawn(line.program, line.args, { cwd: line.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (cause) {
      throw new BallastError(`${quote(line.program)} cannot be started: ${(cause as Error).message}`, { cause });
    }
    // Without a file descriptor left for a pipe there is none, and the error comes below.
    for (const stream of [child.stdout, child.stderr]) if (stream) take(stream);
    const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
    const exited = new Promise<Exit>((resolve) => {
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause: NodeJS.ErrnoException) =>
        reject(
          new BallastError(
            `${quote(line.program)} cannot be started in ${quote(line.cwd)} (${cause.code}); expected a program on PATH or its path, and a folder that exists`,
            { cause },
          ),
        ),
      );
    });
    child.on('error', () => {});
    const group = new ProcessGroup(child, { exited, closed }, note);
    try {
      await writeFileAtomic(note, `${JSON.stringify(processOf(child.pid!))}\n`);
    } catch (cause) {
      await group.end(0);
      throw cause;
    }
    return group;
  }

  /** Ends all of it: SIGTERM, the grace time, SIGKILL. Does nothing to one that has ended. */
  async end(graceSeconds: number): Promise<void> {
    await endGroup(this.child.pid!, graceSeconds);
    await rm(this.#note, { force: true });
  }

  /** After the program itself has exited: ends what it left running. */
  async sweep(): Promise<void> {
    await this.end(1);
  }
}

/** In the folder of a trial, which program runs. */
export const processNote = 'process.json';

/** Ends the group that an earlier run of a trial has noted in its folder, where it still runs on this machine. Returns whether there was one. */
export async function endNoted(folder: string, graceSeconds: number): Promise<boolean> {
  const note = join(folder, processNote);
  const text = await readFile(note, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const leader: Owner | undefined = ownerOf(text);
  const found = leader !== undefined && leader.pid > 1 && isOurs(leader);
  if (found) await endGroup(leader.pid, graceSeconds);
  await rm(note, { force: true });
  return found;
}

/** The leader is the noted one; or it has ended, and its number is still taken by the group alone. */
function isOurs(leader: Owner): boolean {
  const alive = isAlive(leader);
  if (alive === undefined) return false;
  if (alive) return true;
  const now = processOf(leader.pid);
  return (now.started === '' || now.started === 'ended') && signalGroup(leader.pid, 0);
}
