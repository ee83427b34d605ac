import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

const ownerSchema = z.object({
  /** Machine, its boot, and the space of process numbers (containers on one machine each have their own). */
  host: z.string(),
  pid: z.int().nonnegative(),
  /** When it started, in the system's own unit; empty where the system does not say. */
  started: z.string(),
});

/** A process, told apart from a later one of the same number. */
export type Owner = Readonly<z.infer<typeof ownerSchema>>;

/** The owner that a store names; undefined for a text that names none. */
export function ownerOf(text: string | null): Owner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

const attempt = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** Field 22 of /proc/PID/stat, behind the name in brackets, which may hold anything. */
function startOf(pid: number): string {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not yet noticed.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '');
  });
}

let host: string | undefined;

function thisHost(): string {
  host ??= [
    hostname(),
    attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    attempt(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
  return host;
}

/** A process of this machine, as it is now. */
export function processOf(pid: number): Owner {
  return { host: thisHost(), pid, started: startOf(pid) };
}

export const thisProcess = (): Owner => processOf(process.pid);

/** Whether the process still runs; undefined where it cannot be told, as it belongs to another machine. */
export function isAlive({ host: of, pid, started }: Owner): boolean | undefined {
  if (of !== thisHost()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === started;
}
