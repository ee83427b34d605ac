import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchCostTable } from '../../../src/report/index.ts';
import { reportOf } from '../../../src/study/analysis/index.ts';
import { costsOfReport } from '../../../src/study/cost/index.ts';
import { importMeasurements, importStudy, readMeasured, writeMeasured } from '../../../src/study/import/index.ts';
import type { MeasuredStudy } from '../../../src/study/index.ts';
import { historyRecord, runRecord, scalarEvent, versionEvent, wandbFile } from '../../support/log-writers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-logs-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function log(content: string | Uint8Array, name = 'runs.csv'): Promise<string> {
  const path = join(folder, String(files++), name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A training whose loss is 2 exp(-ln 4 k / S) after k steps of batch B: at 0.5 after S = 100 (1 + 32 / B), so B_crit is 32. */
const sizes = [8, 16, 32, 64, 128];
const target = { name: 'half', quantity: 'trainLoss', value: 0.5 } as const;
const stepsTo = (batch: number) => 100 * (1 + 32 / batch);
const lossAt = (batch: number, step: number) => 2 * Math.exp((-Math.log(4) * step) / stepsTo(batch));
const cadence = (batch: number) => stepsTo(batch) / 25;

interface Row {
  readonly run: string;
  readonly batch: number;
  readonly step: number;
  readonly loss: number;
  readonly time?: number;
}

function rowsOf(batch: number, { run = `b${batch}`, from = 0, to = 30, slower = 1 } = {}): Row[] {
  return Array.from({ length: to - from }, (_, i) => {
    const step = (from + i) * cadence(batch);
    return { run, batch, step, loss: lossAt(batch, step) * slower };
  });
}

const allRows = () => sizes.flatMap((b) => rowsOf(b));
const csvOf = (rows: readonly Row[], header = 'run,batch_size,step,train_loss') =>
  `${header}\n${rows.map((r) => [r.run, r.batch, r.step, r.loss, ...(r.time === undefined ? [] : [r.time])].join(',')).join('\n')}\n`;

/** Steps to the target by batch size, and B_crit. */
function answer(study: MeasuredStudy) {
  const [strategy] = reportOf(study, { cost: null }).workloads[0]!.strategies;
  return {
    steps: strategy!.points.map((p) => p.stepsToTarget.median!),
    seconds: strategy!.points.map((p) => p.secondsToTarget.median),
    trials: strategy!.points.map((p) => p.trials),
    critical: strategy!.criticalBatch.value!,
  };
}

const importText = async (text: string, mapping = {}) =>
  importStudy(await log(text), { targets: [target], ...mapping });
const curves = (study: MeasuredStudy) =>
  study.trials
    .map(({ batchSize, seed, status, measurements }) => ({ batchSize, seed, status, measurements }))
    .sort((a, b) => a.batchSize - b.batchSize);
const message = (work: Promise<unknown>) =>
  work.then(
    () => 'read',
    (e: Error) => e.message.replace(/^.*?: /, ''),
  );

function expectTruth(study: MeasuredStudy, trials = 1) {
  const found = answer(study);
  for (const [i, b] of sizes.entries()) expect(found.steps[i]).toBeCloseTo(stepsTo(b), 6);
  expect(found.trials).toEqual(sizes.map(() => trials));
  expect(found.critical).toBeCloseTo(32, 4);
}

describe('the rows of a log', () => {
  it('in any order, repeated, and of runs mixed with one another are the same study', async () => {
    const rows = allRows();
    const expected = curves(await importText(csvOf(rows)));
    expectTruth(await importText(csvOf(rows)));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
        fc.array(fc.nat(rows.length - 1), { maxLength: 40 }),
        async (shuffled, again) => {
          expect(curves(await importText(csvOf([...shuffled, ...again.map((i) => rows[i]!)])))).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('may be more than a call may have arguments', async () => {
    const rows = Array.from({ length: 130_000 }, (_, i) => `t,16,${i + 1},2`);
    const { trials } = await importText(`trial,batch_size,step,train_loss\n${rows.join('\n')}\n`);
    expect(trials[0]!.measurements.at(-1)!.step).toBe(130_000);
  });

  it('after a resume count, and those of the abandoned way do not', async () => {
    const whole = curves(await importText(csvOf(allRows())));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 28 }),
        fc.integer({ min: 1, max: 15 }),
        fc.boolean(),
        async (end, back, twice) => {
          const from = Math.max(0, end - back);
          const lost = rowsOf(8, { to: end, slower: 1 }).map((r, i) => (i < from ? r : { ...r, loss: r.loss * 0.4 }));
          const rows = [
            ...lost,
            ...(twice ? rowsOf(8, { from, to: Math.min(30, from + 2) }) : []),
            ...rowsOf(8, { from: twice ? Math.max(from, from + 1) : from }),
            ...sizes.slice(1).flatMap((b) => rowsOf(b)),
          ];
          expect(curves(await importText(csvOf(rows)))).toEqual(whole);
        },
      ),
      { numRuns: 40 },
    );
    const study = await importMeasurements(
      await log(csvOf([...rowsOf(8, { to: 20, slower: 0.5 }), ...rowsOf(8, { from: 10 })])),
    );
    expect(study.kind === 'logs' && study.logs.notes).toEqual([
      {
        run: 'b8',
        text: 'was resumed at step 200 (row 22): 10 rows logged before at that step and beyond do not count',
      },
    ]);
  });

  it('of a resumed log, put in another order, are the same study where they have times of day, and refused where nothing tells', async () => {
    const lost = rowsOf(8, { to: 20, slower: 0.5 });
    const all = [
      ...lost.slice(0, 10).map((r) => ({ ...r, loss: r.loss * 2 })),
      ...lost.slice(10),
      ...rowsOf(8, { from: 10 }),
    ];
    const timed = all.map((r, i) => ({ ...r, time: 1.7e9 + i }));
    const header = 'run,batch_size,step,train_loss,wall_time';
    const expected = curves(await importText(csvOf(timed, header)));
    expect(expected[0]!.measurements.map((m) => m.trainLoss)).toEqual(rowsOf(8).map((r) => r.loss));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(timed, { minLength: timed.length, maxLength: timed.length }),
        async (shuffled) => {
          expect(curves(await importText(csvOf(shuffled, header)))).toEqual(expected);
          const without = await message(importText(csvOf(shuffled.map(({ time: _, ...r }) => r))));
          expect(without).toMatch(/^row \d+: run b8 (has step \d+(\.\d+)? again with trainLoss|goes back to)/);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('of several ranks count once, or are refused where no column tells ranks', async () => {
    const ranks = allRows().flatMap((r) => [r, { ...r, loss: r.loss * 1.1 }]);
    expect(await message(importText(csvOf(ranks)))).toMatch(
      /^row 3: run b8 has step 0 again with trainLoss 2.2 \(row 2: 2\), without going back: rows of several ranks or runs\?/,
    );
    const told = `run,batch_size,step,train_loss,rank\n${ranks.map((r, i) => [r.run, r.batch, r.step, r.loss, i % 2].join(',')).join('\n')}`;
    expectTruth(await importText(told));
  });

  it('whose trial numbers are used again at another batch size, rate or seed are runs of their own', async () => {
    const numbered = sizes.flatMap((b) => [0, 1, 2].flatMap((t) => rowsOf(b, { run: String(t) })));
    const study = await importText(csvOf(numbered, 'trial,batch_size,step,train_loss'));
    expect(study.trials.length).toBe(15);
    expect(new Set(study.trials.map((t) => t.id)).size).toBe(15);
    expectTruth(study, 3);
    const rates = [0.1, 0.2].flatMap((lr) =>
      rowsOf(8, { slower: lr === 0.1 ? 1 : 0.9 }).map((r) => `0,8,${r.step},${r.loss},${lr}`),
    );
    const swept = await importText(`trial,batch_size,step,train_loss,lr\n${rates.join('\n')}\n`);
    expect(swept.trials.map((t) => [t.learningRate, t.measurements.length])).toEqual([
      [0.1, 30],
      [0.2, 30],
    ]);
  });

  it('of a run without a name that starts again are refused, and read as they are said to be', async () => {
    const twice = [...rowsOf(8), ...rowsOf(8, { slower: 1.01 })].map((r) => [8, r.step, r.loss].join(','));
    const text = `batch_size,step,train_loss\n${twice.join('\n')}\n`;
    expect(await message(importText(text))).toMatch(
      /^row 32: steps begin again at 0, the first: another run, or the same/,
    );
    expect((await importText(text, { restarts: 'new' })).trials.map((t) => [t.seed, t.measurements.length])).toEqual([
      [0, 30],
      [1, 30],
    ]);
    const same = await importText(text, { restarts: 'same' });
    expect(same.trials.map((t) => t.measurements[0]!.trainLoss)).toEqual([2.02]);
  });

  it('that go back without repeating a step are read as they are said to be, and not guessed', async () => {
    const off = [
      ...rowsOf(8, { to: 20 }),
      ...rowsOf(8, { from: 10 }).map((r) => ({ ...r, step: r.step + 1, loss: r.loss * 1.001 })),
    ];
    expect(await message(importText(csvOf(off)))).toMatch(
      /^row 22: run b8 goes back to step 201 and does not log step 220 \(row 13\) again; say/,
    );
    expect((await importText(csvOf(off), { order: 'unsorted' })).trials[0]!.measurements.length).toBe(40);
    const kept = (await importText(csvOf(off), { order: 'resumed' })).trials[0]!.measurements.map((m) => m.step);
    expect(kept.length).toBe(31);
    expect(kept.slice(9, 13)).toEqual([180, 200, 201, 221]);
  });

  it('of a run whose batch grows are refused with the row', async () => {
    const grown = [...rowsOf(8, { run: 'a', to: 10 }), ...rowsOf(16, { run: 'a', from: 20 })];
    expect(await message(importText(csvOf(grown)))).toMatch(
      /^row 12: run a goes on from step 180 with batch 16 instead of 8/,
    );
  });

  it('with gaps, and each quantity in rows of its own, are one curve', async () => {
    const sparse = rowsOf(8).flatMap((r, i) => [
      `b8,8,${r.step},${r.loss},`,
      ...(i % 5 === 0 ? [`b8,8,${r.step},,${r.loss + 0.5}`] : []),
    ]);
    const study = await importText(`run,batch_size,step,train_loss,val_loss\n${sparse.join('\n')}\n`);
    const { measurements } = study.trials[0]!;
    expect(measurements.length).toBe(30);
    expect(measurements[5]).toMatchObject({ trainLoss: rowsOf(8)[5]!.loss, valLoss: rowsOf(8)[5]!.loss + 0.5 });
    expect(measurements[6]!.valLoss).toBeNull();
  });

  it('never become numbers where they are none: a loss of NaN is a divergence, a counter of batches no batch size', async () => {
    const [a, b] = [rowsOf(8), rowsOf(16)];
    const diverged = await importText(csvOf([...a, { ...a.at(-1)!, step: 1e6, loss: Number.NaN }, ...b]));
    expect(diverged.trials.map((t) => t.status)).toEqual(['infeasible', 'complete']);
    const counter = Array.from({ length: 100 }, (_, i) => `${i},${i + 1},2`).join('\n');
    expect(await message(importText(`step,batch,loss\n${counter}\n`))).toMatch(
      /column batch has more than 64 values: a counter/,
    );
    expect(await message(importText('batch_size,step,train_loss_step,train_loss_epoch\n8,1,2,2\n'))).toMatch(
      /trainLoss may be train_loss_step or train_loss_epoch; say in the mapping which, as in columns: \{trainLoss: "train_loss_step"\}/,
    );
  });
});

describe('the clock of a log', () => {
  const header = 'run,batch_size,step,train_loss,wall_time';
  const pace = (batch: number) => 0.1 + batch / 1000;
  const timed = (start: number) => allRows().map((r) => ({ ...r, time: start + r.step * pace(r.batch) }));

  it('counts from the start of each run, whatever time of day that was, in seconds or milliseconds or dates', async () => {
    const expected = sizes.map((b) => stepsTo(b) * pace(b));
    const texts = [
      csvOf(timed(0), header),
      csvOf(timed(1_700_000_000), header),
      csvOf(
        timed(1_700_000_000).map((r) => ({ ...r, time: r.time * 1000 })),
        header,
      ),
      csvOf(allRows(), header)
        .replace(/wall_time/, 'timestamp')
        .replace(
          /^(b\d+,(\d+),([\d.]+),.*)$/gm,
          (_, line, b, s) => `${line},${new Date(1.7e12 + Number(s) * pace(Number(b)) * 1000).toISOString()}`,
        ),
    ];
    for (const text of texts) {
      const found = answer(await importText(text)).seconds;
      for (const [i, s] of expected.entries()) expect(found[i]!).toBeCloseTo(s, 2);
    }
  });

  it('does not run between a kill and the resume', async () => {
    const one = rowsOf(8).map((r) => ({ ...r, time: 1.7e9 + r.step * 0.1 }));
    const later = one.slice(10).map((r) => ({ ...r, time: r.time + 86_400 }));
    const lost = one.slice(10, 20).map((r) => ({ ...r, loss: r.loss * 0.9 }));
    const [{ measurements, secondsPerStep }] = (
      await importText(csvOf([...one.slice(0, 10), ...lost, ...later], header))
    ).trials as [MeasuredStudy['trials'][number]];
    expect(secondsPerStep).toBeCloseTo(0.1, 4);
    for (const m of measurements) expect(m.seconds).toBeCloseTo(m.step * 0.1, 3);
  });

  it('that starts again with the process goes on where it was; one that does not grow is none', async () => {
    const rows = rowsOf(8).map((r, i) => ({ ...r, time: (i < 15 ? r.step : r.step - 300) * 0.1 }));
    for (const m of (await importText(csvOf(rows, header.replace('wall_time', 'seconds')))).trials[0]!.measurements)
      expect(m.seconds).toBeCloseTo(m.step * 0.1, 6);
    const noise = rowsOf(8).map((r, i) => ({ ...r, time: 0.3 + (i % 2) * 0.01 }));
    const text = csvOf(noise, 'run,batch_size,step,train_loss,time');
    expect((await importText(text)).trials[0]!.secondsPerStep).toBeNull();
    expect(await message(importText(text, { columns: { seconds: 'time' } }))).toMatch(
      /^row 4: its time does not grow with the steps/,
    );
    const paced = await importText(text, { columns: { secondsPerStep: 'time' } });
    expect(paced.trials[0]!.secondsPerStep).toBeCloseTo(0.305, 9);
  });

  it('is what the costs of an import are made of, and the price changes what the terminal says', async () => {
    const study = await importText(csvOf(timed(1.7e9), header), { parameters: 1_000_000, hardware: 'one A100' });
    const report = reportOf(study, { cost: null });
    const cost = costsOfReport(study, report, { price: 36 });
    for (const [i, way] of cost.strategies[0]!.ways.entries()) {
      expect(way.seconds.value).toBeCloseTo(stepsTo(sizes[i]!) * pace(sizes[i]!), 2);
      expect(way.money!.value).toBeCloseTo(way.seconds.value / 100, 6);
    }
    const text = batchCostTable(cost, { color: false });
    expect(text).toContain('one A100');
    expect(text).toContain('money');
    const link = { bandwidth: 1e9, latency: 1e-5, source: 'given' } as const;
    const several = batchCostTable(costsOfReport(study, report, { devices: [1, 4], link }), { color: false });
    expect(several).toContain('device-hours');
    expect(several.split('\n').length).toBe(text.split('\n').length + sizes.length);
  });
});

describe('a folder of logs', () => {
  const writeAll = async (content: Readonly<Record<string, string | Uint8Array>>) => {
    const root = join(folder, String(files++), 'sweep');
    for (const [name, data] of Object.entries(content)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), data);
    }
    return root;
  };
  const each = async (write: (batch: number) => Record<string, string | Uint8Array>) =>
    importStudy(await writeAll(Object.assign({}, ...sizes.map(write))), { targets: [target] });
  const rowText = (b: number, line: (r: Row, i: number) => string) => rowsOf(b).map(line).join('\n');

  it('of Lightning takes batch, rate and seed from hparams.yaml', async () => {
    const study = await each((b) => ({
      [`lightning_logs/version_${b}/metrics.csv`]: `epoch,step,train_loss\n${rowText(b, (r) => `0,${r.step},${r.loss}`)}\n`,
      [`lightning_logs/version_${b}/hparams.yaml`]: `batch_size: ${b}\noptimizer:\n  lr: 0.1\nseed: 3\n`,
    }));
    expectTruth(study);
    expect(study.trials.map((t) => [t.learningRate, t.seed])).toEqual(sizes.map(() => [0.1, 3]));
  });

  it('of TensorBoard takes them from the names of folders, and reads the files of a resumed run in turn', async () => {
    const event = (r: Row) => scalarEvent(1.7e9 + r.step, r.step, 'Loss/train', r.loss);
    const later = (r: Row) => scalarEvent(1.8e9 + r.step, r.step, 'Loss/train', r.loss);
    const study = await each((b) => ({
      [`bs${b}_lr0.2/events.out.tfevents.1.host`]: Buffer.concat([
        versionEvent(1),
        ...rowsOf(b, { to: 20, slower: 0.5 }).map((r, i) => event(i < 10 ? { ...r, loss: r.loss * 2 } : r)),
      ]),
      [`bs${b}_lr0.2/events.out.tfevents.2.host`]: Buffer.concat([
        versionEvent(1),
        ...rowsOf(b, { from: 10 }).map(later),
      ]),
    }));
    const found = answer(study);
    for (const [i, b] of sizes.entries()) expect(found.steps[i]! / stepsTo(b)).toBeCloseTo(1, 5);
    expect(study.trials.map((t) => t.learningRate)).toEqual(sizes.map(() => 0.2));
  });

  it('of Weights & Biases takes them from its configuration', async () => {
    const study = await each((b) => ({
      [`wandb/offline-run-${b}/run-${b}.wandb`]: wandbFile([
        runRecord(1, 'a', { batch_size: String(b), 'optim.lr': '0.3' }),
        ...rowsOf(b).map((r, i) =>
          historyRecord(i + 2, i, {
            train_loss: String(r.loss),
            global_step: String(r.step),
            _timestamp: String(1.7e9 + r.step * 0.5),
          }),
        ),
      ]),
    }));
    expectTruth(study);
    expect(study.trials.map((t) => t.secondsPerStep)).toEqual(sizes.map(() => 0.5));
  });

  it("of MLflow takes them from its parameters, of a Trainer from its latest checkpoint, of printed lines from its folders' names", async () => {
    const path = join(folder, `${files++}-mlflow.db`);
    const db = new Database(path);
    db.exec(
      'CREATE TABLE runs (run_uuid TEXT, name TEXT, lifecycle_stage TEXT); CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT); CREATE TABLE metrics (key TEXT, value DOUBLE, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN)',
    );
    for (const b of sizes) {
      db.exec(
        `INSERT INTO runs VALUES ('r${b}', 'run', 'active'); INSERT INTO params VALUES ('batch_size', '${b}', 'r${b}')`,
      );
      db.exec(
        `INSERT INTO metrics VALUES ${rowsOf(b)
          .map((r, i) => `('train_loss', ${r.loss}, ${1.7e12 + i}, 'r${b}', ${r.step}, 0)`)
          .join(',')}`,
      );
    }
    db.close();
    expectTruth(await importStudy(path, { targets: [target] }));

    expect((await importStudy(path, { batchFactor: 4 })).trials.map((t) => t.batchSize)).toEqual(
      sizes.map((b) => 4 * b),
    );

    const state = (b: number, to: number) =>
      JSON.stringify({
        global_step: to,
        log_history: [
          ...rowsOf(b, { to }).map(({ step, loss }) => ({ step, loss })),
          { step: 999, train_loss: 0.01, train_runtime: 3 },
        ],
      });
    expectTruth(
      await each((b) => ({
        [`out-b${b}/checkpoint-9/trainer_state.json`]: state(b, 10),
        [`out-b${b}/checkpoint-100/trainer_state.json`]: state(b, 30),
      })),
    );
    expectTruth(
      await each((b) => ({
        [`batch_${b}/train.log`]: `starting\n${rowText(b, (r) => `[INFO] step: ${r.step}\ntrain loss: ${r.loss}`)}\ndone\n`,
      })),
    );
  });

  it('whose name and configuration disagree, or which mixes quantities, is refused with what to write', async () => {
    const csv = 'step,val_loss\n0,1\n5,0.5\n';
    const two = await writeAll({ 'bs64/metrics.csv': csv, 'bs64/hparams.yaml': 'batch_size: 128\n' });
    expect(await message(importStudy(two))).toMatch(
      /batchSize is 128 by its configuration, batch_size and 64 by its name; say in the mapping which counts/,
    );
    const sizesOf = async (mapping: object) => (await importStudy(two, mapping)).trials.map((t) => t.batchSize);
    expect(await sizesOf({ columns: { batchSize: 'batch_size' } })).toEqual([128]);
    expect(await sizesOf({ names: 'bs(?<batchSize>\\d+)' })).toEqual([64]);
    const mixed = await writeAll({ 'bs8/metrics.csv': csv, 'bs16/metrics.csv': csv.replace('val_loss', 'test_loss') });
    expect(await message(importStudy(mixed))).toMatch(/valLoss is val_loss here and test_loss in/);
    const patterned = await writeAll({ 'n64x/metrics.csv': csv });
    expect(await message(importStudy(patterned))).toMatch(/has no column that says the batch size/);
    expect((await importStudy(patterned, { names: 'n(?<batchSize>\\d+)x' })).trials[0]!.batchSize).toBe(64);
  });
});

describe('an imported study on disk', () => {
  it('is in columns, and comes back as it was', async () => {
    const rows = allRows().map((r, i) => ({ ...r, time: i * 0.25, loss: i === 3 ? Number.NaN : r.loss }));
    const path = await log(csvOf(rows, 'run,batch_size,step,train_loss,seconds'));
    const imported = await importMeasurements(path, { examples: 640 });
    if (imported.kind !== 'logs') throw new Error('expected logs');
    const out = join(dirname(path), 'measured.json');
    await writeMeasured(out, imported.logs, 'run.csv');
    expect(await readMeasured(out)).toEqual(await importStudy(path, { examples: 640 }));
  });
});
