/** Studies that are handed out, by the command line in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { builtCommand } from '../built.ts';

/** Four trials of a second. */
export const tinyStudy = `name: tiny
workloads:
  - name: w
    model: mlp8
    dataset: shapes
    trainCount: 120
    validCount: 40
    settings: { augment: false, momentum: 0.9 }
batchSizes: [8, 16]
strategies: [BLR]
learningRates: [0.01, 0.02]
budget: { steps: 12 }
microBatch: 8
evaluate: { every: 4st, trainExamples: 40 }
`;

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** What it has said on standard error so far. */
  said(): string;
}

/** Starts Ballast. */
export function started(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Started {
  const child = spawn(process.execPath, [builtCommand(), ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
    said: () => stderr,
  };
}

/** Waits for something to be so; throws with what it was last, after five minutes. */
export async function until(so: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (await so()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not come to pass that ${what}`);
}
