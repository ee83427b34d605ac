import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildLine, Job } from './child.ts';
import type { Files } from './format.ts';
import { Place } from './format.ts';
import { mostMemory, type Outcome, outcomes, patience, type Verdict } from './outcome.ts';

/** An input that was not borne. */
export interface Failure extends Verdict {
  readonly format: string;
  readonly n: number;
  /** Whether it failed alone in a process, too. */
  readonly alone: boolean;
}

export interface FormatFigures {
  readonly format: string;
  readonly inputs: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly seconds: number;
}

/** Inputs that one process handles before it is replaced, so that what it keeps does not add up. */
const inputsOfChild = 1500;
/**
 * KiB that a process may write to (RLIMIT_DATA), so that one allocation cannot take the machine's memory before its peak is looked at. Address space is
 * not bounded: WebAssembly reserves 10 GB a memory and writes to little of it.
 */
const writable = 4_000_000;
/** MiB. */
const heap = 700;
/** Seconds until a process has loaded what it reads with, on a machine that has much else to do: this is not judged. */
const starting = 300;

interface ChildEnd {
  /** The input that was being read when it ended. */
  readonly during?: { readonly format: string; readonly n: number };
  /** Undefined for one that ended as it should. */
  readonly how?: Verdict;
}

/** Runs a child under its limits and gives each line of it to `take`. */
async function child(
  args: readonly string[],
  folder: string,
  take: (line: ChildLine, seconds: number) => void,
): Promise<ChildEnd> {
  const script = new URL('child.ts', import.meta.url).pathname;
  const command = [process.execPath, `--max-old-space-size=${heap}`, '--import', 'tsx', script, folder, ...args];
  // The shell is replaced by the process, which inherits the limit.
  const spawned = spawn('sh', ['-c', `ulimit -d ${writable}; ulimit -c 0; exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  let complaint = '';
  spawned.stderr.on('data', (data: Buffer) => {
    complaint = (complaint + data.toString()).slice(-4000);
  });
  let [during, began]: [ChildEnd['during'], number] = [undefined, 0];
  let how: Verdict | undefined;
  const end = (verdict: Verdict) => {
    how ??= verdict;
    spawned.kill('SIGKILL');
  };
  const watch = (seconds: number) =>
    setTimeout(() => end({ outcome: 'hang', what: `more than ${seconds} seconds` }), seconds * 1000);
  let timer = watch(starting);
  const closed = new Promise<string>((resolve) => {
    spawned.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  for await (const text of createInterface({ input: spawned.stdout })) {
    clearTimeout(timer);
    const line = JSON.parse(text) as ChildLine;
    if (line.outcome === undefined) {
      during = { format: line.format, n: line.n };
      began = performance.now();
      timer = watch(patience);
      continue;
    }
    if (line.peak! > mostMemory) {
      end({ outcome: 'memory', what: `${(line.peak! / 2 ** 30).toFixed(2)} GiB resident` });
      break;
    }
    take(line, (performance.now() - began) / 1000);
    during = undefined;
    timer = watch(starting);
  }
  const status = await closed;
  clearTimeout(timer);
  if (status !== 'exit code 0') how ??= { outcome: 'abort', what: `${status}: ${lastLine(complaint)}` };
  return { ...(during && { during }), ...(how && { how }) };
}

const lastLine = (text: string) =>
  (
    text.split('\n').find((l) => /FATAL|panicked|Error|terminate/.test(l)) ??
    text.trim().split('\n').at(-1) ??
    ''
  ).slice(0, 300);

/** What becomes of one input, read by a process of its own. */
export async function judgeAlone(
  what:
    | { readonly seed: number; readonly format: string; readonly n: number }
    | { readonly format: string; readonly files: Files },
): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-fuzz-'));
  try {
    let verdict: Verdict | undefined;
    let args: string[];
    if ('files' in what) {
      const place = new Place(join(folder, 'files'));
      place.put(what.files);
      args = ['--files', what.format, place.folder];
    } else args = [`${what.seed}`, JSON.stringify([[what.format, what.n, what.n + 1]])];
    const { how } = await child(args, folder, ({ outcome, what: told }) => {
      verdict = { outcome: outcome!, ...(told !== undefined && { what: told }) };
    });
    return how ?? verdict!;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pieces of the inputs `0 .. count - 1` of each format, as many as one process handles. */
function portions(counts: ReadonlyMap<string, number>): Job[][] {
  const all: Job[][] = [];
  let [current, room]: [Job[], number] = [[], inputsOfChild];
  for (const [format, count] of counts) {
    for (let from = 0; from < count; ) {
      const to = Math.min(count, from + room);
      current.push([format, from, to]);
      room -= to - from;
      from = to;
      if (room === 0) {
        all.push(current);
        [current, room] = [[], inputsOfChild];
      }
    }
  }
  return current.length ? [...all, current] : all;
}

/** The jobs that are left after an input: it is not tried again. */
function after(jobs: readonly Job[], format: string, n: number): Job[] {
  const at = jobs.findIndex(([name, from, to]) => name === format && n >= from && n < to);
  const [name, , to] = jobs[at]!;
  return [...(n + 1 < to ? [[name, n + 1, to] as const] : []), ...jobs.slice(at + 1)];
}

/**
 * Reads `counts` inputs of each format in child processes under limits of memory and time. A process that dies is replaced, and what it died of is
 * judged by a process of its own: where a machine is busy or garbage of many inputs adds up, the single input is not to blame.
 */
export async function runFuzz(
  counts: ReadonlyMap<string, number>,
  seed: number,
  onFailure: (failure: Failure) => Promise<void> | void = () => {},
  onPortion: (done: number) => void = () => {},
): Promise<FormatFigures[]> {
  const tallies = new Map(
    [...counts.keys()].map((format) => [
      format,
      { outcomes: Object.fromEntries(outcomes.map((o) => [o, 0])) as Record<Outcome, number>, seconds: 0 },
    ]),
  );
  let done = 0;
  for (const portion of portions(counts)) {
    let jobs = portion;
    while (jobs.length) {
      const folder = mkdtempSync(join(tmpdir(), 'ballast-fuzz-'));
      const raw: Failure[] = [];
      const count = (format: string, outcome: Outcome, seconds: number) => {
        const tally = tallies.get(format)!;
        tally.outcomes[outcome]++;
        tally.seconds += seconds;
        done++;
      };
      const end = await child([`${seed}`, JSON.stringify(jobs)], folder, ({ format, n, outcome, what }, seconds) => {
        count(format, outcome!, seconds);
        if (outcome === 'raw') raw.push({ format, n, outcome, what: what!, alone: true });
      });
      rmSync(folder, { recursive: true, force: true });
      for (const failure of raw) await onFailure(failure);
      if (!end.how) break;
      if (!end.during) throw new Error(`${JSON.stringify(jobs)} of seed ${seed} cannot be made: ${end.how.what}`);
      const { format, n } = end.during;
      const began = performance.now();
      const alone = await judgeAlone({ seed, format, n });
      const borne = alone.outcome === 'accepted' || alone.outcome === 'refused';
      // A process that ended by itself did so for a reason, whatever one input alone does.
      const verdict = borne && end.how.outcome === 'abort' ? end.how : alone;
      count(format, verdict.outcome, (performance.now() - began) / 1000);
      if (verdict.outcome !== 'accepted' && verdict.outcome !== 'refused')
        await onFailure({ format, n, ...verdict, alone: !borne });
      jobs = after(jobs, format, n);
    }
    onPortion(done);
  }
  return [...tallies].map(([format, { outcomes: found, seconds }]) => ({
    format,
    inputs: counts.get(format)!,
    outcomes: found,
    seconds: Number(seconds.toFixed(1)),
  }));
}
