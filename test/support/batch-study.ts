/** Small studies, run by the command line in processes of their own, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type AttemptRow, StudyStore } from '../../src/store/index.ts';
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

/** All attempts at the trials of a study so far. */
export const attemptsOf = (out: string): Promise<AttemptRow[]> => fromStore(out, (store) => store.attempts());

/** Of `smallStudy`: every attempt goes on where the last one could have saved, none begins before the last one has ended, and none follows one that finished. */
export function expectNothingTwice(all: readonly AttemptRow[]): void {
  for (const id of new Set(all.map((a) => a.trialId))) {
    const own = all.filter((a) => a.trialId === id);
    own.forEach((attempt, i) => {
      const before = own[i - 1];
      if (!before) {
        expect(attempt.fromStep ?? 0).toBe(0);
        return;
      }
      expect(['crashed: SIGKILL', 'abandoned', 'queued']).toContain(before.outcome);
      expect(attempt.began).toBeGreaterThanOrEqual(before.ended!);
      if (attempt.fromStep === null) return;
      expect(attempt.fromStep).toBeGreaterThanOrEqual((before.toStep ?? 0) - 2);
    });
    const last = own.at(-1)!;
    expect(['complete', 'stopped']).toContain(last.outcome);
    if (last.outcome === 'complete') expect(last.toStep).toBe(24);
  }
}
