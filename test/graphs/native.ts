import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface NativeRuns {
  readonly graphs: number;
  /** Runs, by emission, that came to an end. */
  readonly ran: number;
  readonly refused: number;
  /** Graphs that ended the process or hung, with how. */
  readonly ended: readonly string[];
  /** Messages that are none of ours, with the graph. */
  readonly raw: readonly string[];
  /** Graphs whose plain and blocked results differ. */
  readonly differing: readonly string[];
}

interface Line {
  readonly begin?: number;
  readonly end?: number;
  readonly outcomes?: readonly string[];
  readonly differs?: number;
  readonly graph?: string;
}

/** A graph that takes longer hangs. */
const patience = 60_000;

/** Runs graphs `from` to `to` of a garden in child processes: one that is ended is followed by another from the next graph on. */
export async function runGraphs(garden: 'wild' | 'blockable', seed: number, count: number): Promise<NativeRuns> {
  const [ended, raw, differing]: string[][] = [[], [], []];
  let [ran, refused, next] = [0, 0, 0];
  const read = ({ outcomes = [], differs, graph }: Line) => {
    for (const outcome of outcomes) {
      if (outcome === 'ran') ran++;
      else if (outcome === 'refused') refused++;
      else raw!.push(`${outcome}\n${graph}`);
    }
    if (differs !== undefined) differing!.push(`differs by ${differs}\n${graph}`);
  };
  while (next < count) {
    const args = ['--import', 'tsx', 'test/graphs/native-child.ts', garden, `${seed}`, `${next}`, `${count}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let [current, hung] = [next, false];
    let watch = setTimeout(() => {}, 0);
    const closed = new Promise<string>((resolve) => {
      child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    for await (const text of createInterface({ input: child.stdout })) {
      clearTimeout(watch);
      watch = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, patience);
      const line = JSON.parse(text) as Line;
      if (line.begin !== undefined) current = line.begin;
      if (line.end !== undefined) {
        read(line);
        current = line.end + 1;
      }
    }
    clearTimeout(watch);
    const how = await closed;
    if (how !== 'exit code 0') ended!.push(`graph ${current} of seed ${seed}: ${hung ? 'hangs' : how}`);
    next = how === 'exit code 0' ? count : current + 1;
  }
  return { graphs: count, ran, refused, ended: ended!, raw: raw!, differing: differing! };
}
