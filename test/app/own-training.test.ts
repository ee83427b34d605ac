/** Data sets, models, strategies and schedules of one's own: one call each, and they are in the lists, the help, the schemas, messages and the library. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';

// Modules of its own: what is registered here is nothing to other tests of this process.
vi.resetModules();
const { measure, trainRun } = await import('../../src/app/index.ts');
const { evaluation } = await import('../../src/app/measurements/eval.ts');
const { measurementCommand } = await import('../../src/cli/measurement-command.ts');
const { trainCommand } = await import('../../src/cli/commands/train.ts');
const { dataFacts, heldOutSplit, loadData, registerDataset, shapesDataset } = await import('../../src/data/index.ts');
const { modelFamilies, modelListing, modelNamed, registerModel, resnet } = await import('../../src/models/index.ts');
const { checkDocument, checkRequest, requestSchemaOf, toDocument } = await import('../../src/schema/index.ts');
const { layOutStudy, parseStudyFile, registerStrategy, studyJsonSchema } = await import('../../src/study/index.ts');
const { configHash, registerSchedule, schedule, trainingConfig } = await import('../../src/train/index.ts');

const folder = mkdtempSync(join(tmpdir(), 'ballast-own-'));
afterAll(() => {
  vi.resetModules();
  rmSync(folder, { recursive: true, force: true });
});

const yaml = (more: Readonly<Record<string, string>> = {}) => {
  const lines = {
    model: 'thin',
    dataset: 'few-shapes',
    strategy: 'quarter',
    settings: '{ schedule: sawtooth }',
    ...more,
  };
  return `name: own
workloads:
  - name: net
    model: ${lines.model}
    dataset: ${lines.dataset}
    settings: ${lines.settings}
    targets: [{ quantity: trainLoss, value: 1 }]
batchSizes: [8, 32]
strategies: [${lines.strategy}]
learningRates: [0.1]
baseBatch: 8
seeds: [0]
budget: { steps: 4 }
`;
};

registerDataset({
  name: 'few-shapes',
  what: 'a few pictures of shapes',
  tasks: ['classification'],
  splits: ['train', 'valid'],
  counts: { train: 64, valid: 16 },
  shape: [3, 32, 32],
  classes: 10,
  load: async ({ split, seed = 0 }) => ({
    ...shapesDataset({ split: split === 'train' ? 'train' : 'test', count: split === 'train' ? 64 : 16, seed }),
    name: 'few-shapes',
  }),
});
registerModel({
  pattern: 'thin[<blocks>]',
  what: 'a thin residual network',
  name: /^thin(\d+)?$/,
  members: ['thin'],
  make: ([, blocks = '1'], request) => resnet({ depth: 6 * Number(blocks) + 2, ...request }),
});
registerStrategy({
  name: 'quarter',
  what: 'square-root scaling with a warm-up',
  scaling: 'sqrt',
  settings: { warmup: '2st' },
});
registerSchedule({
  name: 'sawtooth',
  what: 'the rate falls and starts again',
  dependsOnLength: false,
  rule:
    ({ rate }) =>
    (step) =>
      rate * (1 - (step % 4) / 4),
});

describe('a data set of one’s own', () => {
  it('is in the lists, and is loaded by name', async () => {
    expect(dataFacts['few-shapes']?.what).toBe('a few pictures of shapes');
    expect(heldOutSplit('few-shapes')).toBe('valid');
    expect(await loadData({ name: 'few-shapes', split: 'valid' })).toMatchObject({ count: 16 });
    await expect(loadData({ name: 'few-shapes', split: 'test' })).rejects.toThrow(
      /has no split "test"; expected train, valid/,
    );
    await expect(loadData({ name: 'few-shape', split: 'train' })).rejects.toThrow(/did you mean "few-shapes"\?/);
    expect(trainCommand().helpInformation()).toMatch(/few-\s*shapes/);
    expect(measurementCommand(evaluation).helpInformation()).toMatch(/"few-shapes"/);
    expect(JSON.stringify(requestSchemaOf(evaluation.kind).properties)).toContain('"few-shapes"');
    expect(() => checkRequest(evaluation.kind.request, { model: 'thin', dataset: 'few-shape' })).toThrow(
      /^dataset: unknown data set "few-shape"; expected cifar10, .*did you mean "few-shapes"\?/,
    );
    expect(() =>
      registerDataset({
        ...dataFacts.shapes!,
        name: 'shapes',
        load: async () => shapesDataset({ split: 'train', count: 1, seed: 0 }),
      }),
    ).toThrow(/there is a data set "shapes" already/);
  });
});

describe('a model of one’s own', () => {
  it('is in the lists, and is made by name', () => {
    expect(modelFamilies.map((f) => f.pattern)).toContain('thin[<blocks>]');
    expect(modelListing('thin')).toMatchObject({ family: 'thin[<blocks>]', task: 'classification' });
    expect(measurementCommand(evaluation).helpInformation()).toContain('thin[<blocks>]');
    expect(JSON.stringify(requestSchemaOf(evaluation.kind).properties)).toMatch(/"examples":\["resnet20",.*"thin"\]/);
    expect(() => modelNamed('thick')).toThrow(/unknown model "thick"; expected .*thin\[<blocks>\]/);
    expect(() => modelNamed('thinn')).toThrow(/did you mean "thin"\?/);
    expect(() =>
      registerModel({
        pattern: 'other',
        what: 'taken',
        name: /^other$/,
        members: ['resnet20'],
        make: () => modelNamed('mlp8'),
      }),
    ).toThrow(/"resnet20" is taken by resnet/);
  });
});

describe('a schedule of one’s own', () => {
  it('is in the help and the schema, and sets the rates', () => {
    expect(schedule({ kind: 'sawtooth', rate: 1, steps: 8 })(5)).toBe(0.75);
    expect(trainCommand().helpInformation()).toMatch(/"onecycle",\s+"sawtooth"/);
    expect(JSON.stringify(studyJsonSchema())).toContain('"sawtooth"');
    const usual = { model: 'thin', dataset: 'few-shapes' };
    expect(configHash(trainingConfig({ ...usual, schedule: 'sawtooth', length: '4st' }))).toBe(
      configHash(trainingConfig({ ...usual, schedule: 'sawtooth', length: '8st' })),
    );
    expect(() => trainingConfig({ ...usual, schedule: 'sawtoth' })).toThrow(/did you mean "sawtooth"\?/);
  });
});

describe('a strategy of one’s own', () => {
  it('is in the schema of studies, in messages, and lays a study out', async () => {
    expect(JSON.stringify(studyJsonSchema())).toContain('"quarter"');
    const { points } = await layOutStudy(parseStudyFile(yaml(), 'study.yaml'), {});
    const rates = points.map(({ batchSize, learningRate }) => [batchSize, learningRate]);
    expect(rates).toEqual([
      [8, 0.1],
      [32, 0.2],
    ]);
    expect(() => parseStudyFile(yaml({ strategy: 'quartr' }), 'study.yaml')).toThrow(/did you mean "quarter"\?/);
    await expect(layOutStudy(parseStudyFile(yaml({ dataset: 'few-shape' }), 'study.yaml'), {})).rejects.toThrow(
      /did you mean "few-shapes"\?/,
    );
  });
});

describe('a measurement', () => {
  it('takes them, and its result is read back where nobody knows of them', async () => {
    const request = { model: 'thin', weights: 'random', dataset: 'few-shapes', split: 'valid' } as const;
    const found = await measure<'eval'>('eval', request);
    expect(found).toMatchObject({ model: 'thin', dataset: 'few-shapes', count: 16 });
    const stored = JSON.parse(
      JSON.stringify(toDocument(evaluation.kind, evaluation.kind.request.parse(request), found)),
    );
    const unknown = { ...stored, request: { ...stored.request, dataset: 'their-shapes' } };
    expect(checkDocument(unknown, 'result.json').request).toMatchObject({ dataset: 'their-shapes' });
  });
});

describe('a training', () => {
  it('takes all of them', async () => {
    const wish = { model: 'thin', dataset: 'few-shapes', schedule: 'sawtooth', batchSize: 16, length: '4st', lr: 0.01 };
    const [train, valid] = [
      await loadData({ name: 'few-shapes', split: 'train' }),
      await loadData({ name: 'few-shapes', split: 'valid' }),
    ];
    const { result, records } = await trainRun(join(folder, 'run'), { config: trainingConfig(wish), train, valid });
    expect(result).toMatchObject({ status: 'complete', steps: 4 });
    expect(records.at(-1)?.lr).toBeCloseTo(0.01 * 0.25, 12);
  });
});
