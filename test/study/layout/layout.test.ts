import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStudyFile } from '../../../src/study/declare/study-file.ts';
import { layOutStudy, type StudyLayout } from '../../../src/study/layout/layout.ts';
import { type OwnTrialSpec, type TrialSpec, trialId } from '../../../src/study/layout/trial-spec.ts';

const text = (more: Record<string, unknown> = {}, workload: Record<string, unknown> = {}) =>
  JSON.stringify({
    name: 's',
    workloads: [{ name: 'w', model: 'mlp8', dataset: 'shapes', trainCount: 100, validCount: 20, ...workload }],
    batchSizes: [8, 16],
    strategies: ['BLR', 'SRSR', 'tuned'],
    learningRates: [0.1, 0.2],
    budget: { epochs: 2 },
    ...more,
  });
const layOut = (more?: Record<string, unknown>, workload?: Record<string, unknown>): Promise<StudyLayout> =>
  layOutStudy(parseStudyFile(text(more, workload), 'study.yaml'));
const ids = ({ trials }: StudyLayout) => trials.map((t) => t.id);

function own(spec: TrialSpec): OwnTrialSpec {
  if (spec.kind !== 'own') throw new Error('expected a trial of our own trainer');
  return spec;
}

describe('the trials of a study', () => {
  it('are the product of its axes, each place once, and those that come to the same computation are one', async () => {
    const { points, trials } = await layOut({ seeds: [0, 1] });
    expect(points.length).toBe(3 * 2 * 2 * 2);
    const places = points.map((p) => [p.strategy.name, p.batchSize, p.baseRate, p.seed].join());
    expect(new Set(places).size).toBe(points.length);
    // BLR and tuned are the same everywhere, SRSR at the base batch too.
    expect(trials.length).toBe(2 * (2 * 2 + 2));
    expect(trials.flatMap((t) => t.points).length).toBe(points.length);
  });

  it('follow the rule of their strategy', async () => {
    const { points } = await layOut({
      batchSizes: [8, 32],
      strategies: ['BLR', { name: 'L', scaling: 'linear' }, 'SRSR'],
    });
    const rate = (strategy: string, batch: number) =>
      points.find((p) => p.strategy.name === strategy && p.batchSize === batch)!.learningRate;
    expect([rate('BLR', 32), rate('L', 32), rate('SRSR', 32)]).toEqual([0.1, 0.4, 0.2]);
    expect([rate('BLR', 8), rate('L', 8), rate('SRSR', 8)]).toEqual([0.1, 0.1, 0.1]);
  });

  it('are as long as the smallest of their budgets, rounded up to a step', async () => {
    const steps = async (budget: object) =>
      (await layOut({ budget, strategies: ['BLR'], learningRates: [0.1] })).trials.map((t) => t.budgetSteps);
    expect(await steps({ epochs: 2 })).toEqual([25, 13]);
    expect(await steps({ epochs: 2, steps: 20 })).toEqual([20, 13]);
    expect(await steps({ examples: 50 })).toEqual([7, 4]);
  });

  it('have budgets in steps, by batch size, and three times the fewest steps to the target at least', async () => {
    const steps = async (budget: object) =>
      (await layOut({ budget, strategies: ['BLR'], learningRates: [0.1] })).trials.map((t) => t.budgetSteps);
    expect(await steps({ steps: { 8: 40, 16: 30 } })).toEqual([40, 30]);
    expect(await steps({ examples: 200, leastSteps: 6 })).toEqual([25, 18]);
    expect(await steps({ steps: 10, leastSteps: 5.2 })).toEqual([16, 16]);
    await expect(steps({ steps: { 8: 40 } })).rejects.toThrow(
      'the budget has no steps for batch size 16; it has them for 8',
    );
    await expect(steps({ leastSteps: 5 })).rejects.toThrow('expected "epochs", "steps" or "examples"');
    await expect(steps({ steps: { small: 4 } })).rejects.toThrow('budget.steps.small');
  });

  it('are restricted by blocks of points', async () => {
    const { points } = await layOut({
      points: [
        { strategies: ['BLR'], seeds: [0] },
        { batchSizes: [16], strategies: ['BLR'], learningRates: [0.1], seeds: [0, 1, 2] },
      ],
    });
    expect(points.map((p) => [p.batchSize, p.baseRate, p.seed])).toEqual([
      [8, 0.1, 0],
      [8, 0.2, 0],
      [16, 0.1, 0],
      [16, 0.2, 0],
      [16, 0.1, 1],
      [16, 0.1, 2],
    ]);
  });

  it('of several shares of the data and complexities are workloads of their own', async () => {
    const { workloads } = await layOut({}, { fraction: [1, 0.5], complexity: [0.2, 0.8] });
    expect(workloads.map((w) => [w.name, w.examples, w.complexity])).toEqual([
      ['w-c0.2-f1', 100, 0.2],
      ['w-c0.2-f0.5', 50, 0.2],
      ['w-c0.8-f1', 100, 0.8],
      ['w-c0.8-f0.5', 50, 0.8],
    ]);
  });

  it('train with micro-batches of up to 64, which tell the noise scale, or as they are told', async () => {
    const micro = async (more: object) =>
      (await layOut({ strategies: ['BLR'], learningRates: [0.1], ...more }, { trainCount: 300 })).trials.map(
        (t) => own(t.spec).config.microBatch,
      );
    expect(await micro({ batchSizes: [16, 64, 128, 96, 256] })).toEqual([16, 64, 64, 48, 64]);
    expect(await micro({ batchSizes: [16, 256], microBatch: 32 })).toEqual([16, 32]);
    expect(await micro({ batchSizes: [256], strategies: [{ name: 'g', ghostBatch: 8 }] })).toEqual([8]);
  });

  it('may end early only where no target has to be seen against the largest batch', async () => {
    const rules = async (targets: object[], more = {}) => (await layOut({ targets, ...more })).trials[0]!.spec.rules;
    const absolute = { quantity: 'valMetric', value: 0.9 };
    expect(await rules([absolute])).toEqual([
      { patience: 0.5, targets: [{ quantity: 'valMetric', value: 0.9, direction: 'max' }] },
    ]);
    expect(await rules([absolute, { quantity: 'trainLoss', quartile: 0.25 }])).toEqual([]);
    expect(await rules([absolute], { early: false })).toEqual([]);
    expect(await rules([])).toEqual([]);
  });

  it('use up their budget where one of the blocks that name them says so', async () => {
    const points = [{}, { batchSizes: [16], seeds: [1], early: false }, { batchSizes: [16] }];
    const { trials } = await layOut({
      targets: [{ quantity: 'valMetric', value: 0.9 }],
      batchSizes: [16, 32],
      seeds: [0, 1],
      points,
    });
    const whole = trials.filter((t) => t.spec.rules.length === 0);
    expect(trials.length).toBeGreaterThan(whole.length);
    expect(whole.flatMap((t) => t.points.map((p) => [p.batchSize, p.seed]))).toContainEqual([16, 1]);
    expect(whole.every((t) => t.points.every((p) => p.batchSize === 16 && p.seed === 1))).toBe(true);
  });
});

describe('the id of a trial', () => {
  it('is the same whatever its data folder, cadence, targets, budget and place in the file', async () => {
    const before = await layOut();
    for (const [more, workload] of [
      [
        {
          evaluate: { every: '3st' },
          checkpointEvery: '2st',
          keep: 'nothing',
          targets: [{ quantity: 'valLoss', value: 1 }],
        },
        {},
      ],
      [{ budget: { epochs: 5 } }, {}],
      [{ name: 'other' }, { name: 'other', data: '/somewhere' }],
      [{ learningRates: { relative: [1, 2], of: 0.1 } }, {}],
    ] as const) {
      expect(ids(await layOut(more, workload))).toEqual(ids(before));
    }
  });

  it('is another one with anything that changes what is computed', async () => {
    const before = new Set(ids(await layOut({ strategies: ['BLR'] })));
    for (const [more, workload] of [
      [{ seeds: [1] }, {}],
      [{ microBatch: 4 }, {}],
      [{ evaluate: { trainExamples: 50 } }, {}],
      [{ evaluate: { validExamples: 10 } }, {}],
      [{}, { model: 'mlp16' }],
      [{}, { fraction: 0.5 }],
      [{}, { complexity: 0.1 }],
      [{}, { trainCount: 110 }],
      [{}, { settings: { weightDecay: 0.5 } }],
      // Where the schedule depends on the length.
      [{}, { settings: { schedule: 'cosine' } }],
    ] as const) {
      for (const id of ids(await layOut({ strategies: ['BLR'], ...more }, workload)))
        expect(before.has(id)).toBe(false);
    }
    const cosine = (epochs: number) => layOut({ budget: { epochs } }, { settings: { schedule: 'cosine' } });
    expect(ids(await cosine(2))).not.toEqual(ids(await cosine(3)));
  });

  it('does not depend on the order in which a configuration is put together', async () => {
    const { config, data } = own((await layOut()).trials[0]!.spec);
    const entries = Object.entries(config);
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        expect(trialId(Object.fromEntries(shuffled) as typeof config, data)).toBe(trialId(config, data));
      }),
      { numRuns: 20 },
    );
  });
});
