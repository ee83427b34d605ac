import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BallastError, FileError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import { formatOf, type LogReader, type LogRecord, type LogValue, logFormats } from '../../src/trials/index.ts';
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
} from '../support/log-writers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-readers-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function file(content: string | Uint8Array, name = 'log'): Promise<string> {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return path;
}

/** A record as plain data. */
const plain = ({ values, ...rest }: LogRecord) => ({ ...rest, values: Object.fromEntries(values) });

async function take(reader: LogReader, ended: boolean) {
  const records: ReturnType<typeof plain>[] = [];
  const settings: Record<string, LogValue> = {};
  await reader.read(
    {
      record: (r) => records.push(plain(r)),
      setting: (name, value) => {
        settings[name] = value;
      },
    },
    { ended },
  );
  return { records, settings };
}

async function read(content: string | Uint8Array, name?: string, options = {}) {
  const path = await file(content, name);
  const format = await formatOf(path);
  const reader = format.open(path, options);
  return {
    format: format.name,
    ...(await take(reader, true)),
    unused: Object.fromEntries(reader.unused),
    notes: [...reader.notes],
  };
}

const values = (records: readonly { readonly values: object }[]) => records.map((r) => r.values);

describe('CSV', () => {
  it('is read whatever is between cells, with decimal commas, marks of bytes and line ends of any kind', async () => {
    const expected = [
      { run: 'a', step: 0, loss: 2.5 },
      { run: 'b', step: 10, loss: 0.125 },
    ];
    const rows = (cell: string, comma: string) =>
      [
        ['run', 'step', 'loss'],
        ['a', '0', `2${comma}5`],
        ['b', '10', `1${comma}25e-1`],
      ].map((r) => r.join(cell));
    for (const [cell, comma] of [
      [',', '.'],
      [';', ','],
      [';', '.'],
      ['\t', ','],
      ['|', '.'],
    ] as const)
      for (const end of ['\n', '\r\n'])
        for (const mark of ['', '\ufeff']) {
          const text = `${mark}${rows(cell, comma).join(end)}${end}   ${end}`;
          expect(values((await read(text, 'x.csv')).records)).toEqual(expected);
        }
    const utf16 = Buffer.from(`\ufeff${rows(',', '.').join('\n')}\n`, 'utf16le');
    expect(values((await read(utf16, 'x.csv')).records)).toEqual(expected);
    expect(values((await read(utf16.swap16(), 'x.csv')).records)).toEqual(expected);
    expect(values((await read(`sep=;\n${rows(';', ',').join('\n')}`, 'x.csv')).records)).toEqual(expected);
  });

  it('keeps empty cells absent, NaN and infinities as they are, and names of runs as text', async () => {
    const { records, format } = await read(
      'run,step,loss,val\n007,0,NaN,\n12345678901234567890,1,-inf,null\n"x, y",2,Infinity, 3 \n',
    );
    expect(format).toBe('csv');
    expect(values(records)).toEqual([
      { run: '007', step: 0, loss: Number.NaN },
      { run: '12345678901234567890', step: 1, loss: Number.NEGATIVE_INFINITY },
      { run: 'x, y', step: 2, loss: Number.POSITIVE_INFINITY, val: 3 },
    ]);
    expect(records.map((r) => r.row)).toEqual([2, 3, 4]);
  });

  it('takes names as names, whatever they mean to JavaScript or a terminal', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'a\u001b[31mb'];
    const [record] = (await read(`${names.join(',')}\n1,2,3,4\n`, 'n.csv')).records;
    expect(Object.entries(record!.values)).toEqual(names.map((n, i) => [n, i + 1]));
  });

  it('tells the runs of a chart of Weights & Biases apart, and leaves minima and maxima', async () => {
    const { records, unused } = await read(
      'Step,a - b - loss,a - b - loss__MIN,a - b - loss__MAX,c - loss,c - loss__MIN,c - loss__MAX\n0,1,1,1,2,2,2\n5,,,,1.5,1.4,1.6\n',
      'chart.csv',
    );
    expect(records).toEqual([
      { row: 2, run: 'a - b', values: { Step: 0, loss: 1 } },
      { row: 2, run: 'c', values: { Step: 0, loss: 2 } },
      { row: 3, run: 'c', values: { Step: 5, loss: 1.5 } },
    ]);
    expect(unused).toEqual({ __MIN: 3, __MAX: 3 });
  });

  it('names the line of what is wrong', async () => {
    const wrong = (text: string) =>
      read(text, 'w.csv').then(
        () => 'read',
        (e: Error) => e.message,
      );
    expect(await wrong('a;b\n1,5;2\n0.5;3\n0,5;4\n')).toMatch(/line 4 has "0,5" with a comma and line 3 has/);
    expect(await wrong('a,b\n1,2,3\n')).toMatch(/line 2 has 3 cells; expected 2/);
    expect(await wrong('1,2\n3,4\n')).toMatch(/line 1 has numbers alone/);
    expect(await wrong('')).toMatch(/is empty/);
    expect(await wrong('a,b\n1,"2\n')).toMatch(/line 2: a quote is opened/);
  });
});

describe('JSON lines', () => {
  it('are flattened, with the NaN and Infinity that Python writes', async () => {
    const { records, unused, format } = await read(
      '{"step": 1, "eval": {"loss": NaN, "note": "is NaN"}, "list": [1]}\n\n{"step": 2, "loss": -Infinity, "__proto__": 3, "done": true, "no": null}\n',
    );
    expect(format).toBe('json-lines');
    expect(records.map((r) => [...Object.entries(r.values)])).toEqual([
      [
        ['step', 1],
        ['eval.loss', Number.NaN],
        ['eval.note', 'is NaN'],
      ],
      [
        ['step', 2],
        ['loss', Number.NEGATIVE_INFINITY],
        ['__proto__', 3],
        ['done', 'true'],
      ],
    ]);
    expect(unused).toEqual({ list: 1 });
    await expect(read('{"a": 1}\n{"a": \n{"a": 2}\n')).rejects.toThrow(/line 2 is no JSON/);
  });

  it('take time in proportion to their length, whatever stands in them', async () => {
    const line = `{"loss": NaN, "x": "${'\\"'.repeat(1 << 19)}`;
    await expect(read(`${line}\n`, 'h.jsonl')).rejects.toThrow(/line 1 is no JSON/);
  });
});

describe('printed lines', () => {
  it('give numbers under the names before them', async () => {
    const text = [
      'Namespace(bs=64, lr=0.1)',
      '2024-01-05 12:30:05 INFO Epoch: 3 | Train Loss: 0.25 | Val Loss: 1e-3 eta 0:01:23',
      "{'loss': 0.5, 'epoch': 1.0}",
      '{"step": 7, "loss": 0.125}',
      '\u001b[32mstep=8 loss=nan\u001b[0m\rstep=9 loss=0.0625, acc: 93.5%',
      'done.',
      'version: 1.2.3 count: 1,000',
    ].join('\n');
    const { records, format, unused } = await read(text);
    expect(format).toBe('lines');
    expect(values(records)).toEqual([
      { bs: 64, lr: 0.1 },
      { 'INFO Epoch': 3, 'Train Loss': 0.25, 'Val Loss': 0.001 },
      { loss: 0.5, epoch: 1 },
      { step: 7, loss: 0.125 },
      { step: 8, loss: Number.NaN },
      { step: 9, loss: 0.0625, acc: 93.5 },
    ]);
    expect(unused).toEqual({ 'lines without a number under a name': 2 });
  });

  it('give numbers that only a space is before, on lines that count their steps', async () => {
    const text = [
      'step 10: loss 2.3',
      'iter 10: loss 2.3456, time 12.3ms, mfu 1.2%',
      'step 250: train loss 1.9, val loss 2.0',
      'Epoch 3 | loss: 0.5',
      'iteration 7 loss nan lr 1e-3',
      // None of these says what a number is of.
      'number of parameters 10.65, Python 3.11',
      'saved 3 files, step 10',
      'resuming at step 10 of 250: loss unknown',
      'step 10',
      'Epoch 1/10: took 12.3s',
      '10:05:00 step 9 begins, 2 workers',
    ].join('\n');
    const { records, format, unused } = await read(text);
    expect(format).toBe('lines');
    expect(values(records)).toEqual([
      { step: 10, loss: 2.3 },
      { iter: 10, loss: 2.3456, mfu: 1.2 },
      { step: 250, 'train loss': 1.9, 'val loss': 2 },
      { Epoch: 3, loss: 0.5 },
      { iteration: 7, loss: Number.NaN, lr: 0.001 },
    ]);
    expect(unused).toEqual({ 'lines without a number under a name': 6 });
  });

  it('are read by a pattern of the user, which is interrupted where it would take years', async () => {
    const path = await file('it 5 L 0.5\nnothing\nit 6 L nan\n');
    const lines = logFormats.find((f) => f.name === 'lines')!;
    const open = async (pattern: string) => take(lines.open(path, { pattern }), true);
    expect(values((await open('it (?<step>\\d+) L (?<loss>\\S+)')).records)).toEqual([
      { step: 5, loss: 0.5 },
      { step: 6, loss: Number.NaN },
    ]);
    await expect(open('(?<a>')).rejects.toThrow('is no regular expression');
    await expect(open('loss')).rejects.toThrow('names no group');
    const hostile = await file(`${'a'.repeat(60)}b\n`);
    await expect(take(lines.open(hostile, { pattern: '^(?<x>(a+)+)$' }), true)).rejects.toThrow(/takes more than 2 s/);
  });

  it('take time in proportion to their length', async () => {
    const lines = logFormats.find((f) => f.name === 'lines')!;
    for (const line of [
      'a'.repeat(1 << 20),
      'a:'.repeat(1 << 19),
      '1'.repeat(1 << 20),
      ' = '.repeat(1 << 18),
      '"'.repeat(1 << 20),
    ])
      expect((await take(lines.open(await file(`${line}\n`)), true)).records.length).toBeLessThan(2);
  });
});

describe('TensorBoard events', () => {
  const time = 1_700_000_000;
  const events = [
    versionEvent(time),
    scalarEvent(time + 1, 10, 'loss/train', 0.1),
    summaryEvent(time + 2, 10, 'loss/val', tensorField([0.25], [])),
    summaryEvent(time + 3, 20, 'weights', tensorField([1, 2], [2])),
    summaryEvent(
      time + 4,
      0,
      '_hparams_/session_start_info',
      bytes(9, bytes(1, bytes(1, 'hparams'), bytes(2, bytes(3, bytes(1, bytes(1, 'bs'), bytes(2, double(2, 64))))))),
    ),
    scalarEvent(time + 5, 2 ** 40, 'loss/train', Number.POSITIVE_INFINITY),
  ];

  it('opens with the bytes that published files open with', () => {
    // The first 24 + bytes of an event file of TensorFlow: length 24, its checksum, then wall time and "brain.Event:2".
    const first = versionEvent(0);
    expect(first.subarray(0, 12).toString('hex')).toBe('1800000000000000a37f4b22');
    // RFC 3720, B.4: CRC-32C of 32 bytes of zeros is aa36918a, here through the frame's mask.
    const masked = (((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8) >>> 0;
    const zeros = frame(Buffer.alloc(32));
    expect(zeros.readUInt32LE(12 + 32)).toBe(masked);
  });

  it('are scalars, as floats and as tensors, with their steps, times and hyperparameters', async () => {
    const { records, settings, unused, format } = await read(Buffer.concat(events));
    expect(format).toBe('tensorboard');
    expect(records).toEqual([
      { row: 2, step: 10, time: time + 1, values: { 'loss/train': 0.1 } },
      { row: 3, step: 10, time: time + 2, values: { 'loss/val': 0.25 } },
      { row: 6, step: 2 ** 40, time: time + 5, values: { 'loss/train': Number.POSITIVE_INFINITY } },
    ]);
    expect(settings).toEqual({ bs: 64 });
    expect(unused).toEqual({ 'tensors of more than one number': 1 });
  });

  it('with a wrong checksum are refused with the record', async () => {
    const whole = Buffer.concat(events);
    const at = events[0]!.length;
    for (const [offset, what] of [
      [at, 'its length'],
      [at + 9, 'its length'],
      [at + 15, 'its data'],
      [at + events[1]!.length - 1, 'its data'],
    ] as const) {
      const damaged = Buffer.from(whole);
      damaged[offset]! ^= 1;
      await expect(read(damaged)).rejects.toThrow(
        new RegExp(`record 2, at byte ${at}: the checksum of ${what} is wrong`),
      );
    }
  });

  it('whose message is none are refused with the record, as those before it are read', async () => {
    const at = events[0]!.length + events[1]!.length;
    const wild = Buffer.concat([...events.slice(0, 2), frame(Buffer.from([0x0b])), ...events.slice(2)]);
    await expect(read(wild)).rejects.toThrow(`record 3, at byte ${at}: is no event: its message`);
  });
});

describe('a run of Weights & Biases', () => {
  const long = `"${'x'.repeat(70_000)}"`;
  const records = [
    runRecord(1, 'sunny-1', { batch_size: '64', lr: '0.1', 'opt.name': '"sgd"' }),
    historyRecord(2, 0, { loss: '2.5', _timestamp: '1700000000.5', _step: '0' }),
    Buffer.concat([int(1, 3), bytes(7, bytes(3, bytes(1, 'cpu'), bytes(16, '3')))]),
    historyRecord(4, 1, { note: long, loss: 'NaN' }),
    historyRecord(5, 2, { eval: '{"loss": 0.5}', loss: '1.5' }),
  ];

  it('is its history, with its configuration, over the borders of blocks', async () => {
    const { records: found, settings, unused, format } = await read(wandbFile(records), 'run-x.wandb');
    expect(format).toBe('wandb');
    expect(found).toEqual([
      { row: 2, step: 0, time: 1700000000.5, values: { loss: 2.5, _timestamp: 1700000000.5, _step: 0 } },
      { row: 4, step: 1, values: { note: 'x'.repeat(70_000), loss: Number.NaN } },
      { row: 5, step: 2, values: { 'eval.loss': 0.5, loss: 1.5 } },
    ]);
    expect(settings).toEqual({ batch_size: 64, lr: 0.1, 'opt.name': 'sgd', _run_id: 'abc123', _run_name: 'sunny-1' });
    expect(unused).toEqual({ 'system statistics': 1 });
  });

  it('with records that end a few bytes before a block does is read past the filling', async () => {
    for (let left = 0; left <= 9; left++) {
      const bare = historyRecord(2, 0, { a: '"' }).length;
      const filler = 'y'.repeat(32768 - 7 - 7 - bare - 4 - left);
      const all = [historyRecord(2, 0, { a: `"${filler}"` }), historyRecord(3, 1, { b: '1' })];
      expect((await read(wandbFile(all))).records.map((r) => r.step)).toEqual([0, 1]);
    }
  });

  it('with a wrong checksum is refused with the record', async () => {
    const damaged = wandbFile(records.slice(0, 3));
    damaged[7 + 7 + records[0]!.length + 9]! ^= 1;
    await expect(read(damaged)).rejects.toThrow(`record 2, at byte ${14 + records[0]!.length}: its checksum is wrong`);
  });
});

describe('the state of a Trainer', () => {
  const state = (entries: readonly object[]) =>
    JSON.stringify({ global_step: 20, log_history: entries, train_batch_size: 8 }, null, 2);
  const entries = [
    { epoch: 0.5, loss: 2.5, learning_rate: 5e-5, step: 10 },
    { epoch: 0.5, eval_loss: 2.25, eval_runtime: 1.5, step: 10 },
    { epoch: 1, loss: 1.5, step: 20 },
    { epoch: 1, train_loss: 2, train_runtime: 60, step: 20 },
  ];

  it('is its history; the mean over all of training at its end is no step', async () => {
    const { records, settings, unused, format } = await read(state(entries), 'trainer_state.json');
    expect(format).toBe('trainer-state');
    expect(records).toEqual(entries.slice(0, 3).map((values, i) => ({ row: i + 1, step: values.step, values })));
    expect(settings).toEqual({ train_batch_size: 8 });
    expect(unused).toEqual({ 'summary at the end of training': 1 });
  });

  it('is followed over the checkpoints that write it anew', async () => {
    const path = await file(state(entries.slice(0, 1)), 'trainer_state.json');
    const reader = (await formatOf(path)).open(path);
    expect((await take(reader, false)).records.length).toBe(1);
    expect((await take(reader, false)).records.length).toBe(0);
    await writeFile(path, state(entries).slice(0, 60));
    expect((await take(reader, false)).records.length).toBe(0);
    await writeFile(path, state(entries));
    expect((await take(reader, true)).records.map((r) => r.row)).toEqual([2, 3]);
    expect(reader.rewritten).toBe(0);
    await writeFile(path, state([{ loss: 9, step: 1 }]));
    expect((await take(reader, true)).records.length).toBe(1);
    expect(reader.rewritten).toBe(1);
  });
});

describe("MLflow's database", () => {
  async function database(name: string, rows: readonly string[]): Promise<string> {
    const path = join(folder, `${files++}-${name}`);
    const db = new Database(path);
    db.exec(mlflowTables);
    for (const row of rows) db.exec(row);
    db.close();
    return path;
  }
  const rows = [
    `INSERT INTO runs VALUES ('r1', 'bs64', 'active'), ('r2', 'bs64', 'active'), ('r3', 'old', 'deleted')`,
    `INSERT INTO params VALUES ('batch_size', '64', 'r1')`,
    `INSERT INTO metrics VALUES ('loss', 2.5, 1700000000000, 'r1', 0, 0), ('loss', 0, 1700000001000, 'r1', 1, 1),
       ('loss', 1.7976931348623157e308, 1700000002000, 'r2', 2, 0), ('loss', 1, 1, 'r3', 0, 0), ('system/cpu', 1, 1, 'r1', 0, 0)`,
  ];

  it('is its metrics by run, with new rows as they come; deleted runs stay away', async () => {
    const path = await database('mlflow.db', rows);
    const reader = (await formatOf(path)).open(path);
    const { records, settings } = await take(reader, false);
    expect(records.map(({ run, step, time, values: v }) => [run, step, time, v])).toEqual([
      ['bs64', 0, 1_700_000_000, { loss: 2.5 }],
      ['bs64', 1, 1_700_000_001, { loss: Number.NaN }],
      ['bs64 (r2)', 2, 1_700_000_002, { loss: Number.POSITIVE_INFINITY }],
    ]);
    expect(settings).toEqual({ batch_size: 64 });
    const db = new Database(path);
    db.exec(`INSERT INTO metrics VALUES ('loss', 1.5, 1700000003000, 'r1', 3, 0)`);
    db.close();
    expect((await take(reader, true)).records.map((r) => r.step)).toEqual([3]);
    expect(Object.fromEntries(reader.unused)).toMatchObject({ 'deleted runs': 1, 'system metrics': 1 });
  });

  it('may hold text that is not UTF-8, and anything in columns of numbers', async () => {
    const odd = [
      `INSERT INTO runs VALUES ('r1', CAST(x'ff41' AS TEXT), 'active')`,
      `INSERT INTO params VALUES (CAST(x'fe' AS TEXT), CAST(x'c328' AS TEXT), 'r1')`,
      `INSERT INTO metrics VALUES (CAST(x'6cff' AS TEXT), 1.5, 9223372036854775807, 'r1', 1, 0)`,
    ];
    const path = await database('odd.db', odd);
    const { records } = await take((await formatOf(path)).open(path), true);
    expect(values(records)).toEqual([{ 'l\ufffd': 1.5 }]);
    const bad = await database('bad.db', [
      ...odd,
      `INSERT INTO metrics VALUES ('x', CAST(x'ff' AS TEXT), 1, 'r1', 2, 0)`,
    ]);
    await expect(take((await formatOf(bad)).open(bad), true)).rejects.toThrow(
      /row 2 \("x"\): value or step is no number/,
    );
    const other = join(folder, 'other.db');
    const db = new Database(other);
    db.exec('CREATE TABLE t (x); CREATE VIEW runs AS SELECT 1');
    db.close();
    await expect(take((await formatOf(other)).open(other), true)).rejects.toThrow(
      "without the table runs; expected MLflow's store",
    );
  });
});

/** A small log of each format that is a stream, and its name. */
const streams: readonly (readonly [string, string, Buffer])[] = [
  ['csv', 'a.csv', Buffer.from('run,step,loss\r\n"é, x",0,2.5\r\nb,1,1.25\r\n')],
  ['json-lines', 'a.jsonl', Buffer.from('{"step": 0, "loss": 2.5}\n{"step": 1, "é": NaN}\n')],
  ['lines', 'a.log', Buffer.from('step: 0 loss: 2.5\nstep: 1 loss: 1.25\n')],
  [
    'tensorboard',
    'events.out.tfevents.1',
    Buffer.concat([versionEvent(1), scalarEvent(2, 0, 'a', 1), scalarEvent(3, 1, 'a', 2)]),
  ],
  [
    'wandb',
    'a.wandb',
    wandbFile([runRecord(1, 'r', { a: '1' }), historyRecord(2, 0, { a: '1' }), historyRecord(3, 1, { a: '2' })]),
  ],
];

describe.each(streams)('%s', (name, fileName, whole) => {
  const format = logFormats.find((f) => f.name === name)!;

  it('cut off at any byte gives what came before, and no error', async () => {
    const { records: all } = await take(format.open(await file(whole, fileName)), true);
    expect(all.length).toBe(2);
    for (let length = 1; length < whole.length; length++) {
      const path = await file(whole.subarray(0, length), fileName);
      const live = (await take(format.open(path), false)).records;
      expect(live).toEqual(all.slice(0, live.length));
      const reader = format.open(path);
      const over = await take(reader, true).catch((e: Error) => e);
      // Only a quote that never closes is more than an end; the last line of text may be a shorter number, which is said.
      if (over instanceof Error) expect(over.message).toMatch(/a quote is opened and not closed/);
      else expect(over.records.slice(0, live.length)).toEqual(live);
    }
  });

  it('is followed while it grows by a byte at a time, each record given once', async () => {
    const expected = (await take(format.open(await file(whole, fileName)), true)).records;
    const path = join(folder, `${files++}-${fileName}`);
    const reader = format.open(path);
    const seen = (await take(reader, false)).records;
    for (const byte of whole) {
      await appendFile(path, Buffer.from([byte]));
      seen.push(...(await take(reader, false)).records);
    }
    seen.push(...(await take(reader, true)).records);
    expect(seen).toEqual(expected);
    expect(reader.rewritten).toBe(0);
  });

  it('written anew is read from its beginning', async () => {
    const path = await file(whole, fileName);
    const reader = format.open(path);
    const before = (await take(reader, false)).records;
    await writeFile(path, whole.subarray(0, whole.length - 1));
    await take(reader, false);
    expect(reader.rewritten).toBe(1);
    await writeFile(path, whole);
    expect((await take(reader, true)).records.at(-1)).toEqual(before.at(-1));
  });

  it('damaged anywhere gives records or one line', async () => {
    const random = new RandomStream({ seed: 7, purpose: `damage to ${name}` });
    for (let n = 0; n < 400; n++) {
      const damaged = Buffer.from(whole);
      for (let k = 0; k <= n % 4; k++)
        damaged[Math.floor(random.uniform() * damaged.length)] = Math.floor(random.uniform() * 256);
      const path = await file(damaged, fileName);
      try {
        await take((await formatOf(path)).open(path), true);
      } catch (error) {
        expect(error).toBeInstanceOf(BallastError);
        expect((error as Error).message).not.toContain('\n');
      }
      await rm(path);
    }
  });
});

describe('a file that is no log', () => {
  it('is named for what it is', async () => {
    for (const [bytesOf, what] of [
      [[0x1f, 0x8b, 8, 0], 'compressed with gzip; unpack it first'],
      [[0x50, 0x4b, 3, 4], 'a zip archive'],
      [[0x89, 0x50, 0x4e, 0x47, 0], 'a picture'],
      [[1, 0, 2, 0, 3], 'binary data of no known kind'],
      [[0x68, 0x69, 0x0a], 'text without anything that is a log'],
      [[], 'empty'],
    ] as const)
      await expect(file(Uint8Array.from(bytesOf)).then(formatOf)).rejects.toThrow(what);
    await expect(formatOf(join(folder, 'absent'))).rejects.toThrow(FileError);
  });

  it('that is not there yet has nothing', async () => {
    for (const format of logFormats)
      expect((await take(format.open(join(folder, 'not-yet')), false)).records).toEqual([]);
  });
});
