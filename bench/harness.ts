import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BallastError } from '../src/base/errors.ts';
import type { Params } from '../src/nn/index.ts';
import { describeRuntime } from '../src/runtime/index.ts';

/** One way of doing the work of a case. `run` does it once and returns the seconds it took. */
export interface Contestant {
  readonly name: string;
  readonly run: () => Promise<number>;
  /** Deviation of its answer from the reference, in the unit that the bench states. */
  readonly error?: () => number;
}

export interface Measurement {
  readonly contestant: string;
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly runs: number;
  /** Work done a second, in the case's unit. */
  readonly rate: number;
  readonly error?: number;
}

export interface Case {
  readonly name: string;
  /** What `rate` counts, e.g. `images/s`. */
  readonly unit: string;
  readonly measurements: readonly Measurement[];
  /** Rate of the first contestant (ours) over the best of those named peers; absent when no peer ran. */
  readonly ratio?: number;
}

export interface BenchResult {
  readonly what: string;
  /** What `error` means in this bench. */
  readonly error?: string;
  readonly cases: readonly Case[];
  /** E.g. a peer that could not run here. */
  readonly notes?: readonly string[];
}

/** A file `bench/NAME.bench.ts` exports one as default. `args` are the words after NAME on the command line. */
export type Bench = (args: readonly string[]) => Promise<BenchResult>;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** OpenMP threads of a peer go on spinning for tens of milliseconds after its run and would slow the next one down. */
const pauseMilliseconds = 150;

/**
 * Lets the contestants do the same work in turn, round after round, so that a busy moment of the machine hits all of them.
 * The first is ours; `peers` are those that the ratio compares it with. `work` is how much one run does, in `unit` times
 * seconds.
 */
export async function alternate(
  what: { name: string; unit: string; work: number; rounds: number; warmup?: number; peers: readonly string[] },
  contestants: readonly Contestant[],
): Promise<Case> {
  const { name, unit, work, rounds, warmup = 1, peers } = what;
  const seconds = contestants.map((): number[] => []);
  for (let round = -warmup; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      // Another one begins each round, so that nobody always follows the same one.
      const i = (turn + round + warmup) % contestants.length;
      const contestant = contestants[i]!;
      await setTimeout(pauseMilliseconds);
      const time = await contestant.run();
      if (round >= 0) seconds[i]!.push(time);
    }
  }
  const measurements = contestants.map((c, i): Measurement => {
    const times = seconds[i]!;
    const middle = median(times);
    const error = c.error?.();
    return {
      contestant: c.name,
      medianSeconds: middle,
      minSeconds: Math.min(...times),
      maxSeconds: Math.max(...times),
      runs: times.length,
      rate: work / middle,
      ...(error === undefined ? {} : { error }),
    };
  });
  process.stderr.write(`${name}: ${measurements.map((m) => `${m.contestant} ${digits(m.rate)}`).join(', ')} ${unit}\n`);
  const rates = measurements.filter((m) => peers.includes(m.contestant)).map((m) => m.rate);
  const ratio = rates.length ? { ratio: measurements[0]!.rate / Math.max(...rates) } : {};
  return { name, unit, measurements, ...ratio };
}

/** Seconds that `work` takes, the mean of `repeats` in a row. */
export async function timed(work: () => Promise<unknown>, repeats = 1): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) await work();
  return (performance.now() - start) / 1000 / repeats;
}

let python: string | null | undefined;

/** A Python that can import PyTorch: $PYTHON, or one on the usual paths; null when there is none. */
export function pythonWithTorch(): string | null {
  if (python !== undefined) return python;
  const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3', 'python'].filter((c) => c !== undefined);
  const imports = (c: string) => spawnSync(c, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0;
  python = candidates.find(imports) ?? null;
  return python;
}

export const torchMissing =
  'PyTorch peers did not run: no Python that imports torch and numpy (Debian: apt install python3-torch libopenblas0-pthread, or set PYTHON)';

/** A script of bench/peers that answers every line on its input with one line of JSON. */
export class Peer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  readonly #script: string;
  #errors = '';

  private constructor(script: string, child: ChildProcessWithoutNullStreams) {
    this.#script = script;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
  }

  /** Starts `bench/peers/SCRIPT`; null when there is no Python with PyTorch. */
  static start(script: string, args: readonly string[]): Peer | null {
    const interpreter = pythonWithTorch();
    if (!interpreter) return null;
    const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
    return new Peer(script, spawn(interpreter, [path, ...args]));
  }

  /** Starts `bench/peers/SCRIPT` with this Node. */
  static node(script: string, args: readonly string[]): Peer {
    const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
    return new Peer(script, spawn(process.execPath, [path, ...args]));
  }

  async ask<T>(question: unknown): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const answer = await this.#answers.next();
    if (answer.done) {
      const lines = this.#errors.trim().split('\n');
      const reason = lines.findLast((line) => line.includes('Error:')) ?? lines.at(-1);
      throw new BallastError(`peer ${this.#script} ended without an answer: ${reason}`);
    }
    return JSON.parse(answer.value) as T;
  }

  stop(): void {
    this.#child.stdin.end();
    this.#lines.close();
    this.#child.kill();
  }
}

/** Hands weights over to a peer as one raw file and a list of names and shapes. */
export function writeParameters(params: Params, folder: string): void {
  const entries = [...params].map(([name, { shape }]) => ({ name, shape }));
  writeFileSync(join(folder, 'parameters.json'), JSON.stringify(entries));
  writeFileSync(
    join(folder, 'parameters.bin'),
    Buffer.concat([...params.values()].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
  );
}

/** Fraction of the processors that other programs keep busy, watched for a second. */
export async function othersBusy(): Promise<number> {
  const sample = () => {
    const times = cpus().map((c) => c.times);
    const total = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0);
    return { total, idle: times.reduce((sum, t) => sum + t.idle, 0) };
  };
  const before = sample();
  await setTimeout(1000);
  const after = sample();
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}

const digits = (v: number) => (v >= 100 ? v.toFixed(0) : v >= 1 ? v.toFixed(2) : v.toPrecision(3));

/** A table for people. */
export function print({ what, error, cases, notes = [] }: BenchResult): void {
  console.log(what);
  for (const c of cases) {
    console.log(`\n${c.name}`);
    const width = Math.max(...c.measurements.map((m) => m.contestant.length));
    for (const m of c.measurements) {
      const spread = `${digits(m.minSeconds * 1e3)} .. ${digits(m.maxSeconds * 1e3)}`;
      const deviation = m.error === undefined ? '' : `  error ${m.error.toExponential(1)}`;
      console.log(
        `  ${m.contestant.padEnd(width)}  ${digits(m.rate).padStart(8)} ${c.unit}  ${digits(m.medianSeconds * 1e3).padStart(8)} ms (${spread})${deviation}`,
      );
    }
    if (c.ratio !== undefined) console.log(`  ours / best peer: ${c.ratio.toFixed(2)}x`);
  }
  if (error) console.log(`\nerror: ${error}`);
  for (const note of notes) console.log(`note: ${note}`);
}

/** Writes bench/results/NAME.json with machine, date and command, and returns its path. */
export async function save(
  name: string,
  args: readonly string[],
  result: BenchResult,
  busyBefore: number,
): Promise<string> {
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const path = `${folder}${name}.json`;
  const record = {
    bench: name,
    date: new Date().toISOString(),
    command: ['npm run bench --', name, ...args].join(' '),
    machine: { ...(await describeRuntime()), system: type(), memoryGiB: Math.round(totalmem() / 2 ** 30), busyBefore },
    ...result,
  };
  writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}
