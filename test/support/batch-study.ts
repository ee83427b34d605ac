/** Small studies, run by the command line in processes of their own, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StudyStore } from '../../src/store/index.ts';
import { type MeasuredStudy, readStudy } from '../../src/study/index.ts';
import { builtCommand } from './built.ts';

/** Six trials of some seconds, saved at every other step. */
export const smallStudy = `name: small
workloads:
  - name: shapes
    model: resnet8
    dataset: shapes
    trainCount: 200
    validCount: 50
    targets:
      - { quantity: trainLoss, value: 0.1 }
batchSizes: [8, 16]
strategies: [BLR, SRSR]
learningRates: [0.05]
baseBatch: 8
seeds: [0, 1]
budget: { steps: 24 }
evaluate: { every: 4st, trainExamples: 40 }
checkpointEvery: 2st
microBatch: 8
`;

export function writeStudy(folder: string, text = smallStudy): string {
  const path = join(folder, 'study.yaml');
  writeFileSync(path, text);
  return path;
}

/** Starts `ballast batch run`; `ended` resolves to its exit code (null when it was killed) and what it said on standard error. */
export function startStudy(
  file: string,
  out: string,
  ...more: string[]
): { child: ChildProcess; ended: Promise<{ code: number | null; stderr: string; stdout: string }> } {
  const args = [builtCommand(), 'batch', 'run', file, '--out', out, '--threads', '2', ...more];
  const child = spawn(process.execPath, args, { detached: true });
  let [stderr, stdout] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, stderr, stdout }))) };
}

/** What a study has come to, without times. */
export async function outcome(out: string): Promise<unknown> {
  const study: MeasuredStudy = await readStudy(out);
  return study.trials.map(({ secondsPerStep: _, hardware: __, measurements, ...trial }) => ({
    ...trial,
    measurements: measurements.map(({ seconds: ___, ...m }) => m),
  }));
}

/** Reads something from the store of a study that may be running. */
export async function fromStore<T>(out: string, read: (store: StudyStore) => T): Promise<T> {
  const store = await StudyStore.open(out);
  try {
    return read(store);
  } finally {
    store.close();
  }
}
