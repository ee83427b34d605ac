import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudyStore } from '../../src/store/study-store.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A store that was changed by somebody else. */
async function changed(...statements: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(root, 'store-'));
  const store = await StudyStore.open(folder);
  store.replaceGrid({
    name: 's',
    text: 'name: s',
    workloads: { w: '{}' },
    trials: [{ id: 'a', spec: '{}', budgetSteps: 10, budgetSeconds: null }],
    points: [
      {
        workload: 'w',
        strategy: 'BLR',
        batchSize: 8,
        baseRate: 0.1,
        seed: 0,
        learningRate: 0.1,
        budgetSteps: 9,
        trialId: 'a',
      },
    ],
  });
  store.close();
  const db = new Database(store.path);
  for (const sql of statements) db.exec(sql);
  db.close();
  return folder;
}

const bytes = "cast(x'ff41' as text)";

describe('a store from elsewhere is refused in one line, and never ends the process, for', () => {
  it.each([
    [
      'a text that is not UTF-8',
      `update fact set value = ${bytes} where key = 'text'`,
      /a text in the column "value" of its table "fact" is not UTF-8/,
    ],
    ['such a specification', `update trial set spec = ${bytes}`, /"spec" of its table "trial" is not UTF-8/],
    ['such a name of a point', `update point set strategy = ${bytes}`, /"strategy" of its table "point" is not UTF-8/],
    ['a blob for a text', "update workload set facts = x'ff'", /a value in its table "workload" is of another kind/],
    [
      'a text for a number',
      "insert into measurement values (1, 1, 'x', 1, 1, null, null, null, null, null)",
      /"measurement" is of another kind/,
    ],
    [
      'an owner that is no process',
      `update trial set status = 'running', owner = '{"pid":"x"}'`,
      /an owner in its table "trial" is no process/,
    ],
    ['a running trial without an owner', "update trial set status = 'running'", /a trial is running that nobody owns/],
    [
      'a view for a table',
      'drop table measurement; create view measurement as select 1 as trial, 1 as step',
      /has other tables than Ballast makes/,
    ],
    [
      'a trigger',
      'create trigger t after update on trial begin delete from fact; end',
      /has other tables than Ballast makes/,
    ],
    ['a table more', 'create table more (x)', /has other tables than Ballast makes/],
    ['a column more', 'alter table fact add column x', /has other tables than Ballast makes/],
  ])('%s', async (_, sql, message) => {
    const folder = await changed(sql);
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(message);
    await expect(StudyStore.open(folder)).rejects.toThrow(message);
  });

  it('names of columns and tables that are not UTF-8', async () => {
    const folder = await changed(
      'pragma writable_schema = on',
      `update sqlite_master set sql = ${bytes} where name = 'fact'`,
    );
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(/study\.sqlite: /);
  });

  it('a status that there is none of', async () => {
    const folder = await changed('pragma ignore_check_constraints = on', "update trial set status = 'lost'");
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(/"trial" is of another kind/);
  });

  it('an id that leads out of its folder', async () => {
    const folder = await changed("update trial set id = '../../../escaped'");
    const store = await StudyStore.openToRead(folder);
    expect(() => store.trialFolder(store.trials()[0]!.id)).toThrow(
      /cannot be a name in it: expected a name without slashes/,
    );
    store.close();
  });
});

describe('a store that only is to be read', () => {
  it('is none where there is no study, and makes none', async () => {
    const folder = join(root, 'empty');
    mkdirSync(folder);
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(
      /has no study\.sqlite; expected the folder of a batch study/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('needs no permission to write', async () => {
    const folder = await changed();
    chmodSync(join(folder, 'study.sqlite'), 0o444);
    chmodSync(folder, 0o555);
    const store = await StudyStore.openToRead(folder);
    expect(store.study().name).toBe('s');
    store.claims.waiting();
    store.close();
    chmodSync(folder, 0o755);
  });

  it('that is cut off, or nothing of the kind, says so', async () => {
    const folder = mkdtempSync(join(root, 'store-'));
    writeFileSync(
      join(folder, 'study.sqlite'),
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(2000, 7)]),
    );
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(/study\.sqlite: is (no SQLite database|damaged)/);
  });
});

describe('a store whose measurements are looked at as they are read', () => {
  it('opens at once, and gives of them the numbers alone: nothing else ends the process', async () => {
    const row = (step: string, loss: string) =>
      `insert into measurement values (1, ${step}, 1, 1, 1, ${loss}, null, null, null, null)`;
    const folder = await changed(
      row('1', '0.5'),
      row('2', bytes),
      row('3', "x'ff'"),
      row('4', '0.25'),
      row(bytes, '1'),
    );
    await expect(StudyStore.openToRead(folder)).rejects.toThrow(/"measurement" is of another kind/);
    const store = await StudyStore.openToRead(folder, { curves: false });
    expect(store.trials()[0]!.step).toBe(4);
    const { step, value } = store.series('a', 'trainLoss');
    expect([...step]).toEqual([1, 4]);
    expect([...value]).toEqual([0.5, 0.25]);
    store.close();
  });
});
