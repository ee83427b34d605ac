/** Runs that are killed and go on, for the tests of exact resume. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ChildOptions {
  /** See `train-child.ts`; images unless told. */
  readonly kind?: 'images' | 'growing' | 'text';
  /** Send `signal` once the run has said so many steps. */
  readonly after?: number;
  readonly signal?: NodeJS.Signals;
}

/** Runs `train-child.ts`. Resolves to all that it said. */
export function trainChild(
  folder: string,
  { kind = 'images', after = Number.POSITIVE_INFINITY, signal = 'SIGKILL' }: ChildOptions = {},
): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/train-child.ts', folder, kind]);
  let said = '';
  let errors = '';
  let steps = 0;
  let stopped = false;
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString();
    said += text;
    steps += text.match(/^\d+$/gm)?.length ?? 0;
    if (steps >= after && !stopped) {
      stopped = true;
      child.kill(signal);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, ended) => {
      if (code !== 0 && ended === null) reject(new Error(errors));
      else resolve(said.trim().split('\n'));
    });
  });
}

/** What a run has come to: the bytes of its weights, and its metrics without the times. */
export function outcome(folder: string): { weights: Buffer; metrics: unknown[] } {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const metrics = lines.map((line) => {
    const { seconds: _, ...record } = JSON.parse(line) as Record<string, unknown>;
    return record;
  });
  return { weights: readFileSync(join(folder, 'model.safetensors')), metrics };
}

/** Files below a folder that a write has left unfinished. */
export function leftovers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));
}
