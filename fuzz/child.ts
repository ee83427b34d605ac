/**
 * Inputs in a process that one of them may end: `child.ts FOLDER SEED JOBS`, where JOBS is a JSON list of [format, from, to], or
 * `child.ts FOLDER --files FORMAT PATH` for one that lies in a folder. Says on standard output which input begins (`b`) and what became of it (`e`).
 */
import { readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Files, Place } from './format.ts';
import { formatNamed } from './formats/index.ts';
import { inputOf, judge } from './outcome.ts';

export type Job = readonly [format: string, from: number, to: number];

export interface ChildLine {
  /** Number of the input within its format. */
  readonly n: number;
  readonly format: string;
  /** Absent where it begins. */
  readonly outcome?: 'accepted' | 'refused' | 'raw';
  readonly what?: string;
  /** Bytes, the largest resident memory so far. */
  readonly peak?: number;
}

/** Whole, however slowly the other side takes it: the pipe does not block. */
function say(line: ChildLine): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

const [folder, ...rest] = process.argv.slice(2) as [string, ...string[]];
const place = new Place(join(folder, 'input'));

async function one(format: string, n: number, files: (named: Awaited<ReturnType<typeof formatNamed>>) => Files) {
  const named = await formatNamed(format);
  say({ n, format });
  const { outcome, what } = await judge(named, files(named), place);
  const peak = process.resourceUsage().maxRSS * 1024;
  say({ n, format, outcome: outcome as 'raw', peak, ...(what !== undefined && { what }) });
}

if (rest[0] === '--files') {
  const [, format, path] = rest as [string, string, string];
  const files = Object.fromEntries(
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(path, name)).isFile())
      .map((name) => [name, readFileSync(join(path, name))]),
  );
  await one(format, 0, () => files);
} else {
  const seed = Number(rest[0]);
  for (const [format, from, to] of JSON.parse(rest[1]!) as Job[]) {
    const whole = await (await formatNamed(format)).whole();
    for (let n = from; n < to; n++) {
      await one(format, n, (named) => inputOf(named, whole, seed, n));
      // What an input left to be done later is its own fault, not that of the next one.
      await new Promise(setImmediate);
    }
  }
}
// A worker or a timer that an input left running must not hold the process.
process.exit(0);
