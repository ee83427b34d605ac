import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStudy } from '../../src/queue/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import {
  extend,
  findEdges,
  layOutStudy,
  type MeasuredTrial,
  measuredIn,
  parseStudyFile,
  statusOf,
  syncStudy,
} from '../../src/study/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = {
  name: 's',
  workloads: [
    {
      name: 'w',
      model: 'mlp8',
      dataset: 'shapes',
      trainCount: 120,
      validCount: 40,
      settings: { augment: false, momentum: 0.9 },
    },
  ],
  batchSizes: [8, 16],
  strategies: ['BLR'],
  learningRates: [0.01],
  budget: { steps: 12 },
  microBatch: 8,
  evaluate: { every: '4st', trainExamples: 40 },
};

/** Runs a study to its end; gives its trials and how many attempts that took. */
async function run(out: string, study: object): Promise<{ trials: readonly MeasuredTrial[]; attempts: number }> {
  const store = await StudyStore.open(join(folder, out));
  try {
    const before = store.attempts().length;
    const layout = await layOutStudy(parseStudyFile(JSON.stringify(study), 'study.yaml'), {
      extra: store.extensions(),
    });
    syncStudy(store, layout);
    const result = await runStudy({
      store,
      maxParallel: 1,
      threads: 1,
      device: 'cpu',
      failFast: true,
      signal: new AbortController().signal,
    });
    expect(result.status).toBe('complete');
    return { trials: measuredIn(store).trials, attempts: store.attempts().length - before };
  } finally {
    store.close();
  }
}

/** Without times, and the parts that tell how far a trial may go. */
const numbers = (trials: readonly MeasuredTrial[]) =>
  trials.map(({ id, measurements }) => ({
    id,
    measurements: measurements.map(({ step, trainLoss, valLoss, valMetric }) => ({
      step,
      trainLoss,
      valLoss,
      valMetric,
    })),
  }));

describe('a study', () => {
  it('measures what it says, and the noise scale where a batch has several micro-batches', async () => {
    const { trials, attempts } = await run('plain', small);
    expect(attempts).toBe(2);
    expect(trials.map((t) => [t.batchSize, t.status, t.measurements.map((m) => m.step)])).toEqual([
      [8, 'complete', [0, 4, 8, 12]],
      [16, 'complete', [0, 4, 8, 12]],
    ]);
    // The start is that of both, whatever the batch.
    const [first, other] = trials.map((t) => t.measurements[0]!);
    expect(first).toMatchObject({ epoch: 0, examples: 0, seconds: 0, noiseScale: null, gradNorm: null });
    expect([other!.trainLoss, other!.valLoss]).toEqual([first!.trainLoss, first!.valLoss]);
    const [whole, halved] = trials.map((t) => t.measurements.at(-1)!);
    expect(whole!.noiseScale).toBe(null);
    expect(halved!.noiseScale).not.toBe(null);
    expect(halved).toMatchObject({ epoch: (12 * 16) / 120, examples: 12 * 16 });
    expect(trials.every((t) => t.secondsPerStep! > 0 && /1 thread, cpu/.test(t.hardware!))).toBe(true);
    for (const { measurements } of trials) {
      expect(measurements.every((m) => m.trainLoss! > 0 && m.valLoss! > 0)).toBe(true);
      expect(measurements.slice(1).every((m) => m.gradNorm! > 0)).toBe(true);
      expect(measurements.map((m) => m.seconds)).toEqual(measurements.map((m) => m.seconds).sort((a, b) => a - b));
    }
  });

  it('begins at about the logarithm of the number of classes, with batch norm too, whose running statistics are not yet any', async () => {
    const [workload] = small.workloads;
    const normalized = {
      ...small,
      workloads: [{ ...workload, model: 'resnet8' }],
      batchSizes: [8],
      budget: { steps: 1 },
    };
    const [trial] = (await run('normalized', normalized)).trials;
    expect(trial!.measurements.map((m) => m.step)).toEqual([0, 1]);
    expect(Math.abs(trial!.measurements[0]!.trainLoss! - Math.log(10))).toBeLessThan(0.7);
  });

  it('computes only what is missing: nothing, a trial that was deleted, what was added to the grid', async () => {
    const before = await run('plain', small);
    expect(before.attempts).toBe(0);
    const [first] = readdirSync(join(folder, 'plain', 'trials'));
    rmSync(join(folder, 'plain', 'trials', first!), { recursive: true });
    const again = await run('plain', small);
    expect(again.attempts).toBe(1);
    expect(numbers(again.trials)).toEqual(numbers(before.trials));
    // Another strategy that comes to the same, and a batch size less.
    const edited = await run('plain', { ...small, strategies: ['BLR', 'tuned'], batchSizes: [8] });
    expect(edited.attempts).toBe(0);
    expect(edited.trials.map((t) => t.strategy)).toEqual(['BLR', 'tuned']);
    expect(await statusOf(join(folder, 'plain'))).toMatchObject({ outOfGrid: 1, trials: { complete: 1 } });
  });

  it('with more budget goes on to what it would have come to at once, and with less forgets nothing', async () => {
    const longer = { ...small, budget: { steps: 20 } };
    await run('extended', small);
    const extended = await run('extended', longer);
    expect(extended.attempts).toBe(2);
    const atOnce = await run('at once', longer);
    expect(numbers(extended.trials)).toEqual(numbers(atOnce.trials));
    const shorter = await run('extended', small);
    expect(shorter.attempts).toBe(0);
    expect(shorter.trials.map((t) => t.measurements.at(-1)!.step)).toEqual([12, 12]);
  });

  it('ends trials early when their targets are reached, goes on for harder ones, and says what diverged', async () => {
    const easy = { ...small, targets: [{ quantity: 'trainLoss', value: 100 }] };
    expect((await run('early', easy)).trials.map((t) => [t.status, t.measurements.length])).toEqual([
      // At the start and at the first evaluation after it.
      ['stopped', 2],
      ['stopped', 2],
    ]);
    const hard = { ...small, targets: [{ quantity: 'trainLoss', value: 1e-9 }], early: { patience: 1 } };
    const harder = await run('early', hard);
    expect(harder.trials.map((t) => [t.status, t.measurements.length])).toEqual([
      ['complete', 4],
      ['complete', 4],
    ]);
    expect(numbers(harder.trials)).toEqual(numbers((await run('extended', small)).trials));
    const wild = await run('wild', { ...small, learningRates: [1e6] });
    expect(wild.trials.map((t) => t.status)).toEqual(['infeasible', 'infeasible']);
  });

  it('goes beyond the edge of its rates when told', async () => {
    const tuned = { ...small, batchSizes: [8], strategies: ['tuned'], learningRates: [1e-5, 1e-4] };
    await run('edge', tuned);
    const store = await StudyStore.open(join(folder, 'edge'));
    const layout = await layOutStudy(parseStudyFile(JSON.stringify(tuned), 'study.yaml'));
    const edges = findEdges(measuredIn(store), layout.points);
    expect(edges).toEqual([
      { workload: 'w', strategy: 'tuned', batchSize: 8, rate: 1e-4, side: 'largest', next: 1e-3 },
    ]);
    expect(extend(store, edges)).toBe(true);
    store.close();
    const { trials, attempts } = await run('edge', tuned);
    expect(attempts).toBe(1);
    expect(trials.map((t) => t.baseRate)).toEqual([1e-5, 1e-4, 1e-3]);
  });
});
