/** What Ballast writes and reads again: studies, stores, results, settings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openOutput } from '../../src/app/index.ts';
import { jsonCache, openSealedJson, sealJson } from '../../src/formats/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { gridOf } from '../../src/study/declare/grid.ts';
import { readMeasured } from '../../src/study/import/measured-file.ts';
import {
  layOutStudy,
  measuredIn,
  parseStudyFile,
  readLinearErrors,
  statusOf,
  trialSpecOf,
} from '../../src/study/index.ts';
import { noiseRecords } from '../../src/study/plan/noise-record.ts';
import { readMetrics, readRunConfig } from '../../src/train/index.ts';
import { changedJson, changedText } from '../changes.ts';
import { changedDatabase, statementsAt } from '../database.ts';
import { type FuzzFormat, oneFile, only } from '../format.ts';

const study = `name: demo
workloads:
  - name: mlp8
    model: mlp8
    dataset: shapes
    complexity: [0.2, 0.5]
    settings: { augment: false }
    targets: &t
      - { quantity: trainLoss, value: 1.3 }
      - { quantity: valLoss, quartile: 0.25 }
  - { name: again, model: mlp8, dataset: shapes, targets: *t }
batchSizes: [16, 64, 256]
baseBatch: 64
strategies: [BLR, { name: LSR, like: LSR, warmup: 367ex }, tuned]
learningRates: [0.01, 0.02]
seeds: [0, 1]
budget: { examples: 6000 }
evaluate: { every: 1024ex, trainExamples: 50, validExamples: 100 }
checkpointEvery: 60000ex
keep: model
early: { patience: 0.4 }
points:
  - { strategies: [BLR], learningRates: [0.01] }
`;

const yaml = oneFile(
  'yaml',
  'study.yaml',
  () => [Buffer.from(study)],
  (bytes) => gridOf(parseStudyFile(Buffer.from(bytes).toString('utf8'), 'study.yaml')),
  changedText,
);

async function laidOut(): Promise<string> {
  const small = study
    .replace('complexity: [0.2, 0.5]', 'complexity: 0.5')
    .replace(/ {2}- \{ name: again.*\n/, '')
    .replace('seeds: [0, 1]', 'seeds: [0]');
  const { trials } = await layOutStudy(parseStudyFile(small, 'study.yaml'));
  return JSON.stringify(trials[0]!.spec);
}

const tables = {
  fact: ['key', 'value'],
  workload: ['name', 'facts', 'in_grid'],
  trial: [
    'id',
    'spec',
    'ordinal',
    'in_grid',
    'status',
    'budget_steps',
    'owner',
    'note',
    'hardware',
    'seconds_per_step',
  ],
  point: ['workload', 'strategy', 'batch_size', 'base_rate', 'seed', 'learning_rate', 'budget_steps', 'trial'],
  measurement: ['trial', 'step', 'epoch', 'examples', 'seconds', 'train_loss', 'val_loss'],
  attempt: ['owner'],
};
const facts = {
  name: 'w',
  model: 'mlp8',
  dataset: 'shapes',
  fraction: 1,
  complexity: 0.5,
  examples: 100,
  metric: null,
  parameters: 10,
  targets: [{ name: 't', quantity: 'trainLoss', rule: { kind: 'absolute', value: 1 } }],
};

async function wholeStore(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-fuzz-store-'));
  try {
    const store = await StudyStore.open(folder);
    const point = { workload: 'w', strategy: 'BLR', baseRate: 0.1, seed: 0, learningRate: 0.1, budgetSteps: 9 };
    store.replaceGrid({
      name: 's',
      text: study,
      workloads: { w: JSON.stringify(facts) },
      trials: ['a', 'b'].map((id) => ({ id: id.repeat(64), spec: specText, budgetSteps: 10, budgetSeconds: null })),
      points: [
        { ...point, batchSize: 8, trialId: 'a'.repeat(64) },
        { ...point, batchSize: 16, trialId: 'b'.repeat(64) },
      ],
    });
    store.close();
    return statementsAt(join(folder, 'study.sqlite'), [
      'insert into measurement values (1, 1, 0.1, 8, 0.5, 2.5, 2.6, null, null, null), (1, 9, 0.9, 72, 4, 1.5, 1.6, null, null, null)',
      "update trial set status = 'complete' where number = 1",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
let specText = '{}';
const sqlite: FuzzFormat = {
  name: 'sqlite',
  cost: 8,
  whole: async () => {
    specText = await laidOut();
    return [{ 'study.sqlite': await wholeStore() }];
  },
  change: (files, stream) => ({ 'study.sqlite': changedDatabase(only(files), stream, tables) }),
  read: async (files, place) => {
    const folder = place.put(files);
    const store = await StudyStore.openToRead(folder);
    try {
      measuredIn(store, { all: true });
      for (const { spec } of store.trials({ all: true })) trialSpecOf(spec, store.path);
    } finally {
      store.close();
    }
    await statusOf(folder);
  },
};

const sealed = oneFile(
  'sealed-json',
  'result.json',
  () => [Buffer.from(sealJson({ a: [1, 2, { b: 'c' }] }, 2))],
  (bytes) => openSealedJson(Buffer.from(bytes).toString('utf8'), 'result.json'),
  changedText,
);

const rows = [
  {
    step: 0,
    epoch: 0,
    examples: 0,
    seconds: 0,
    trainLoss: 2.5,
    valLoss: null,
    valMetric: null,
    noiseScale: null,
    gradNorm: null,
  },
];
const trial = {
  id: 'a',
  workload: 'w',
  strategy: 'BLR',
  batchSize: 8,
  baseRate: 0.1,
  learningRate: 0.1,
  seed: 0,
  status: 'complete',
  budgetSteps: 10,
  secondsPerStep: 0.1,
  hardware: null,
};
const measuredStudy = {
  name: 's',
  workloads: [facts],
  trials: [
    { ...trial, measurements: rows },
    { ...trial, id: 'b', measurements: { step: [1, 2], trainLoss: [1, null] } },
  ],
};

/** Changes of the content under a seal that fits, or of the sealed text. */
const changedSealed =
  (value: object): NonNullable<FuzzFormat['change']> =>
  (files, stream) => {
    const [name] = Object.keys(files) as [string];
    if (stream.integer(3) === 0) return { [name]: changedText(files[name]!, stream) };
    try {
      return {
        [name]: Buffer.from(
          sealJson(
            JSON.parse(Buffer.from(changedJson(Buffer.from(JSON.stringify(value)), stream)).toString('utf8')) as object,
          ),
        ),
      };
    } catch {
      // Changed to something that is no object, which has no seal.
      return { [name]: changedText(files[name]!, stream) };
    }
  };
const measured: FuzzFormat = {
  name: 'measured',
  cost: 2,
  whole: async () => [{ 'measured.json': Buffer.from(sealJson(measuredStudy)) }],
  change: changedSealed(measuredStudy),
  read: (files, place) => readMeasured(place.put(files, 'measured.json')),
};

const cached = { fingerprint: 'x', key: 'k', value: [1, 2] };
const cache: FuzzFormat = {
  name: 'cache',
  cost: 2,
  whole: async () => [{ 'k.json': Buffer.from(sealJson(cached)) }],
  change: changedSealed(cached),
  read: (files, place) => jsonCache(place.put(files), ['settings'], z.array(z.number())).read('k'),
};

/** A file of JSON in a folder that is read by itself. */
function jsonFile(
  name: string,
  file: string,
  content: () => string | Promise<string>,
  read: (folder: string) => unknown,
): FuzzFormat {
  return {
    name,
    cost: 2,
    whole: async () => [{ [file]: Buffer.from(await content()) }],
    change: (files, stream) => ({ [file]: (file.endsWith('.jsonl') ? changedText : changedJson)(only(files), stream) }),
    read: (files, place) => read(place.put(files)),
  };
}

const config = jsonFile(
  'config',
  'config.json',
  async () => JSON.stringify((JSON.parse(await laidOut()) as { config: object }).config),
  readRunConfig,
);
const linear = jsonFile(
  'linear-errors',
  'linear-errors.json',
  () =>
    JSON.stringify([{ workload: 'w', strategy: 'BLR', batchSize: 8, rate: 0.1, error: 0.5, absolute: null, at: 'x' }]),
  readLinearErrors,
);
const request = jsonFile(
  'request',
  'request.json',
  () => JSON.stringify({ kind: 'spectrum', request: { model: 'm', units: [1, 2] } }),
  async (folder) => {
    const { release } = await openOutput(folder, { kind: 'spectrum', request: { model: 'm', units: [1, 2] } }, 'fuzz');
    release();
  },
);
const record = {
  step: 10,
  epoch: 0.5,
  examples: 80,
  seconds: 1,
  trainLoss: 2.5,
  lr: 0.1,
  batchSize: 8,
  gradNorm: 1,
  microGradNorm: 2,
};
const metrics = jsonFile(
  'metrics',
  'metrics.jsonl',
  () => `${JSON.stringify(record)}\n${JSON.stringify({ ...record, step: 20 })}\n`,
  async (folder) => {
    const found = await readMetrics(join(folder, 'metrics.jsonl'));
    noiseRecords(found, 4);
  },
);

export const formats: readonly FuzzFormat[] = [yaml, sqlite, sealed, measured, cache, config, linear, request, metrics];
