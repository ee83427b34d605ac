/** Studies whose trials nobody computes: what a queue does with them is all there is to see. */
import { createHash } from 'node:crypto';
import type { Announcement } from '../../../src/schema/index.ts';
import type { MeasurementRow, StudyStore } from '../../../src/store/index.ts';

export const trialOf = (name: string): string => createHash('sha256').update(name).digest('hex');

/** Settings of a trial that is a command. */
export const commandSpec = (steps = 10, resources: { gpus?: number; cpus?: number } = {}): string =>
  JSON.stringify({
    kind: 'command',
    command: {
      command: ['true'],
      args: {},
      booleans: 'flag',
      env: {},
      resume: null,
      checkpoints: null,
      metrics: { reader: null, files: null, pattern: null },
      map: {},
      examples: 100,
      values: { batch: 8, microBatch: 8, lr: 0.1, seed: 0, steps, warmup: 0, weightDecay: null, beta2: null },
      resources: { gpus: resources.gpus ?? null, cpus: resources.cpus ?? null },
      timeouts: { total: null, silence: null, grace: 10 },
      here: '/',
      cwd: '/',
    },
    rules: [],
    keep: 'nothing',
  });

/** A study with a trial of each name, all of them waiting. */
export function waitFor(
  store: StudyStore,
  names: readonly string[],
  specOf: (name: string) => string = () => commandSpec(),
) {
  store.replaceGrid({
    name: 's',
    text: 'name: s',
    workloads: {},
    trials: names.map((name) => ({ id: trialOf(name), spec: specOf(name), budgetSteps: 10, budgetSeconds: null })),
    points: [],
  });
}

export const rowAt = (step: number, more: Partial<MeasurementRow> = {}): MeasurementRow => ({
  step,
  epoch: step / 10,
  examples: 8 * step,
  seconds: step,
  trainLoss: 1 / step,
  valLoss: null,
  valMetric: null,
  noiseScale: null,
  gradNorm: null,
  ...more,
});

export const workerNamed = (worker: string, more: Partial<Announcement> = {}): Announcement => ({
  worker,
  host: 'box',
  pid: 12,
  device: 'cpu',
  hardware: 'a processor',
  cores: 4,
  gpus: 0,
  memory: 1e9,
  commands: true,
  speed: null,
  job: null,
  ...more,
});
