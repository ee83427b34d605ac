import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attemptsOf, expectNothingTwice, outcome, startStudy, writeStudy } from '../support/batch-study.ts';

let folder: string;
let study: string;
let undisturbed: unknown;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
  study = writeStudy(folder);
  const { code, stderr } = await startStudy(study, join(folder, 'undisturbed')).ended;
  expect(stderr).not.toMatch(/ballast:/);
  expect(code).toBe(0);
  undisturbed = await outcome(join(folder, 'undisturbed'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a study shares its trials with another run on the same folder', async () => {
  const out = join(folder, 'shared');
  const runs = [startStudy(study, out), startStudy(study, out)];
  for (const { ended } of runs) expect((await ended).code).toBe(0);
  expect(await outcome(out)).toEqual(undisturbed);
  const all = await attemptsOf(out);
  expectNothingTwice(all);
  expect(new Set(all.map((a) => a.pid)).size).toBe(2);
  expect(all.length).toBe(new Set(all.map((a) => a.trialId)).size);
});
