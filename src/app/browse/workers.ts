/** Who computes the trials of a study, and how much of this machine that takes. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import type { ResponseOf, WorkerState } from '../../schema/serve/index.ts';
import { type Owner, processOf } from '../../store/index.ts';
import { StoredStudy } from './stored-study.ts';
import type { OpenStudy } from './study-view.ts';

/** Linux counts the time of processes in hundredths of a second and their memory in pages. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** Programs of one worker that are counted at most. */
const mostPrograms = 256;

interface Used {
  /** Of processors, since it began. */
  readonly seconds: number;
  readonly bytes: number;
}

interface Seen extends Used {
  /** In seconds. */
  readonly at: number;
}

const textOf = (path: string) => readFile(path, 'utf8').catch(() => '');

/** What a process and all that it started have used; undefined where the system does not say. */
async function usedBy(pid: number): Promise<Used | undefined> {
  let [seconds, bytes] = [0, 0];
  const pids = [pid];
  for (let i = 0; i < Math.min(pids.length, mostPrograms); i++) {
    const at = `/proc/${pids[i]}`;
    const [stat, memory, children] = await Promise.all([
      textOf(`${at}/stat`),
      textOf(`${at}/statm`),
      textOf(`${at}/task/${pids[i]}/children`),
    ]);
    if (stat === '' && i === 0) return undefined;
    // Behind the name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    seconds += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
    bytes += Number(memory.split(' ')[1] ?? 0) * pageBytes;
    pids.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return { seconds, bytes };
}

/** Looks at workers again and again: how busy each was since the last look. */
export class Workers {
  #seen = new Map<string, Seen>();

  async of(study: OpenStudy): Promise<ResponseOf<'workers'>> {
    const owners = study instanceof StoredStudy ? study.store.owners() : new Map<string, Owner>();
    const here = processOf(process.pid).host;
    const seen = new Map<string, Seen>();
    const workers = await Promise.all(
      [...owners].map(async ([trial, { host, pid, started }]): Promise<WorkerState> => {
        const [machine = ''] = host.split(' ');
        const used = host === here ? await usedBy(pid) : undefined;
        if (!used) return { trial, machine, pid, cores: null, memory: null };
        const key = `${pid} ${started}`;
        const now = performance.now() / 1000;
        const before = this.#seen.get(key);
        seen.set(key, { ...used, at: now });
        const cores = before && now > before.at ? Math.max(0, used.seconds - before.seconds) / (now - before.at) : null;
        return { trial, machine, pid, cores, memory: used.bytes };
      }),
    );
    for (const [key, value] of this.#seen)
      if (!seen.has(key) && performance.now() / 1000 - value.at < forgotten) seen.set(key, value);
    this.#seen = seen;
    return {
      workers,
      machine: { cores: availableParallelism(), load: loadavg()[0]!, memory: totalmem(), free: freemem() },
    };
  }
}

/** Seconds after which a worker that is looked at no more is forgotten. */
const forgotten = 60;
