/** The logs of other programs. */

import { UsageError } from '../../src/base/errors.ts';
import type { RandomStream } from '../../src/base/random.ts';
import { type LogMappingInput, parseMapping } from '../../src/study/import/mapping.ts';
import { importStudy } from '../../src/study/import/open.ts';
import { boundedYaml } from '../../src/study/index.ts';
import { formatOf, type LogValue } from '../../src/trials/index.ts';
import {
  bytes,
  double,
  frame,
  historyRecord,
  int,
  mlflowTables,
  runRecord,
  scalarEvent,
  summaryEvent,
  tensorField,
  versionEvent,
  wandbFile,
} from '../../test/support/log-writers.ts';
import { mutated } from '../../test/support/mutations.ts';
import { changedJson, changedList, changedText } from '../changes.ts';
import { afterStatements, changedDatabase } from '../database.ts';
import { changeFiles, type Files, type FuzzFormat, only, type Place } from '../format.ts';

const csv = Buffer.from(
  'run,step,epoch,loss,val_loss,val_accuracy,lr,batch_size\na,0,0,2.5,2.6,0.1,0.1,32\na,10,0.5,1.5,1.7,0.4,0.1,32\n"b ""c""",0,0,2.5,nan,0.1,0.2,64\n"b ""c""",5,0.5,1,1.1,0.5,0.2,64\n',
);
const semicolons = Buffer.from('\ufeffstep;loss;batch_size;note\r\n0;2,5;8;"a\nb"\r\n10;1,25e-1;8;\r\n');
const jsonl = Buffer.from(
  '{"step": 0, "loss": 2.5, "eval": {"loss": 0.5}}\n{"step": 10, "loss": NaN, "lr": 1e-3}\n{"step": 20, "loss": "1.5"}\n',
);
const trainer = Buffer.from(
  JSON.stringify({
    global_step: 20,
    train_batch_size: 8,
    log_history: [
      { epoch: 0.5, loss: 2.5, learning_rate: 5e-5, step: 10 },
      { epoch: 0.5, eval_loss: 2.25, step: 10 },
    ],
  }),
);
const printed = Buffer.from(
  'Epoch 1/3\nstep: 10 loss: 2.5 lr=0.1 (3.2 it/s)\nstep: 20 loss: 1.5 lr=0.1\n[eval] val_loss 1.25, accuracy 45.0%\nEpoch 2/3\nstep: 30 loss: 1.0e-1\n',
);

const events = [
  versionEvent(1.7e9),
  scalarEvent(1.7e9 + 1, 10, 'loss/train', 0.1),
  summaryEvent(1.7e9 + 2, 10, 'loss/val', tensorField([0.25], [])),
  summaryEvent(1.7e9 + 3, 11, 'hist', tensorField([1, 2], [2])),
  frame(Buffer.concat([double(1, 1.7e9), bytes(5, bytes(1, bytes(1, 'x'), bytes(9, bytes(2, bytes(1, 'hparams')))))])),
];
const records = [
  runRecord(1, 'sunny-1', { batch_size: '64', lr: '0.1', 'opt.name': '"sgd"' }),
  historyRecord(2, 0, { loss: '2.5', _timestamp: '1700000000.5' }),
  Buffer.concat([int(1, 3), bytes(7, bytes(3, bytes(1, 'cpu'), bytes(16, '3')))]),
  historyRecord(4, 1, { note: `"${'x'.repeat(40_000)}"`, loss: 'NaN' }),
  historyRecord(5, 2, { eval: '{"loss": 0.5}', loss: '1.5' }),
];
/** With the length and the checksum made anew, so that what is inside gets read. */
const changedEvents = (stream: RandomStream) =>
  Buffer.concat(changedList(events, stream, (event) => frame(mutated(event.subarray(12, -4), stream))));
const changedRecords = (stream: RandomStream) =>
  wandbFile(changedList(records, stream, (record) => mutated(record, stream)));

const mlflow = () =>
  afterStatements(new Uint8Array(0), [
    mlflowTables,
    `INSERT INTO runs VALUES ('r1', 'bs64', 'active'), ('r2', 'bs64', 'active'), ('r3', 'old', 'deleted')`,
    `INSERT INTO params VALUES ('batch_size', '64', 'r1')`,
    `INSERT INTO metrics VALUES ('loss', 2.5, 1700000000000, 'r1', 0, 0), ('loss', 0, 1700000001000, 'r1', 1, 1), ('loss', 1.7976931348623157e308, 1700000002000, 'r2', 2, 0)`,
  ]);
const mlflowColumns = {
  runs: ['run_uuid', 'name', 'lifecycle_stage'],
  params: ['key', 'value', 'run_uuid'],
  metrics: ['key', 'value', 'timestamp', 'run_uuid', 'step', 'is_nan'],
};

const isValue = (v: LogValue) => typeof v === 'number' || typeof v === 'string';

async function readLog(path: string): Promise<void> {
  const reader = (await formatOf(path)).open(path);
  const wrong = (what: string) => {
    throw new Error(`the reader gave ${what}`);
  };
  const sink = {
    record: (r: { row: number; step?: number; time?: number; values: ReadonlyMap<string, LogValue> }) => {
      if (!Number.isInteger(r.row) || r.row < 1) wrong(`row ${r.row}`);
      if (r.step !== undefined && typeof r.step !== 'number') wrong(`step ${r.step}`);
      if (r.time !== undefined && typeof r.time !== 'number') wrong(`time ${r.time}`);
      for (const v of r.values.values()) if (!isValue(v)) wrong(`a ${typeof v}`);
    },
    setting: (_: string, v: LogValue) => {
      if (!isValue(v)) wrong(`a setting that is a ${typeof v}`);
    },
  };
  await reader.read(sink);
  await reader.read(sink, { ended: true });
}

const changedLog: Readonly<Record<string, (bytes: Uint8Array, stream: RandomStream) => Uint8Array>> = {
  'a.csv': changedText,
  'a.jsonl': changedText,
  'a.log': changedText,
  'trainer_state.json': changedJson,
  'events.out.tfevents.1': (b, stream) => (stream.integer(3) ? changedEvents(stream) : mutated(b, stream)),
  'run-a.wandb': (b, stream) => (stream.integer(3) ? changedRecords(stream) : mutated(b, stream)),
  'mlflow.db': (b, stream) => changedDatabase(b, stream, mlflowColumns),
};

/** A log of one format. What is read counts as by the reader, then as by an import. */
function log(
  name: string,
  file: string,
  whole: () => readonly Uint8Array[],
  { cost = 2, mapping = {} }: { readonly cost?: number; readonly mapping?: LogMappingInput } = {},
): FuzzFormat {
  return {
    name,
    cost,
    whole: async () => whole().map((content) => ({ [file]: content })),
    change: (files, stream) => ({ [file]: changedLog[file]!(only(files), stream) }),
    read: async (files: Files, place: Place) => {
      const path = place.put(files, file);
      await readLog(path);
      await importStudy(path, { model: 'm', dataset: 'd', ...mapping }).catch((cause: unknown) => {
        // What a user would have to say; the file is not to blame.
        if (!(cause instanceof UsageError)) throw cause;
      });
    },
  };
}

const mappingText = JSON.stringify({
  columns: { trainLoss: 'loss', valMetric: 'val_accuracy' },
  model: 'm',
  dataset: 'd',
  examples: 1000,
  set: { seed: 1 },
  names: '(?<batchSize>\\d+)',
  targets: [{ name: 't', quantity: 'trainLoss', value: 1.5 }],
  order: 'resumed',
});
const mapping: FuzzFormat = {
  name: 'mapping',
  cost: 2,
  whole: async () => [
    { 'mapping.yaml': Buffer.from(mappingText), 'a.csv': csv },
    {
      'mapping.yaml': Buffer.from(
        'model: m\ndataset: d\npattern: "step: (?<step>\\\\d+) loss: (?<loss>[0-9.e-]+)"\nset: { batchSize: 8 }\n',
      ),
      'a.log': printed,
    },
  ],
  change: (files, stream) => {
    const text = files['mapping.yaml']!;
    return { ...files, 'mapping.yaml': text[0] === 0x7b ? changedJson(text, stream) : changedText(text, stream) };
  },
  read: async (files, place) => {
    const content = boundedYaml(Buffer.from(files['mapping.yaml'] ?? []).toString('utf8'));
    if ('problems' in content) throw new UsageError(content.problems[0]!.message);
    await importStudy(place.put(files, files['a.csv'] ? 'a.csv' : 'a.log'), parseMapping(content.value ?? {}));
  },
};

const published: Files = {
  'd/m/sgd/32/study.json': Buffer.from('{"batch_size": 32, "dataset": "d", "model": "m", "optimizer": "sgd"}'),
  'd/m/sgd/32/1/metadata.json': Buffer.from(
    '{"trial_id": 1, "status": "COMPLETE", "parameters": {"learning_rate": 0.1}, "steps": 20}',
  ),
  'd/m/sgd/32/1/measurements.csv': Buffer.from('global_step,train/loss,val/accuracy\n0,2.5,0.1\n20,1.5,0.5\n'),
};
const folderOfLogs: FuzzFormat = {
  name: 'log-folder',
  cost: 3,
  whole: async () => [published, { 'a/metrics.csv': csv, 'bs64/out.log': printed }],
  change: (files, stream) =>
    changeFiles(files, stream, (content, name) =>
      (name.endsWith('.json') ? changedJson : changedText)(content, stream),
    ),
  read: (files, place) => importStudy(place.put(files), { model: 'm', dataset: 'd' }),
};

/** What some logs do not say. */
const unsaid: LogMappingInput = { set: { batchSize: 8, learningRate: 0.1 } };

export const formats: readonly FuzzFormat[] = [
  log('csv', 'a.csv', () => [csv, semicolons]),
  log('json-lines', 'a.jsonl', () => [jsonl], { mapping: unsaid }),
  log('printed-lines', 'a.log', () => [printed], { mapping: unsaid }),
  log('trainer-state', 'trainer_state.json', () => [trainer]),
  log('tensorboard', 'events.out.tfevents.1', () => [Buffer.concat(events)], { mapping: unsaid }),
  log('wandb', 'run-a.wandb', () => [wandbFile(records)]),
  log('mlflow', 'mlflow.db', () => [mlflow()], { cost: 4 }),
  mapping,
  folderOfLogs,
];
