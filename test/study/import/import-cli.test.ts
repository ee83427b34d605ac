import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportedSummary } from '../../../src/schema/index.ts';
import { ballast, expectFailure, resultOf } from '../../support/ballast.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-import-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('ballast batch import', () => {
  it('says of a log what each quantity was taken from and what was left, with names fit for a terminal', async () => {
    const path = join(folder, 'runs.csv');
    const rows = [16, 32].flatMap((b) => [0, 10, 20].map((s) => `b${b},${s},${2 - s / 20},${1.7e9 + s},7`));
    await writeFile(path, `run,it,L,wall_time,evil\u001b[2Jname\n${rows.join('\n')}\n`);
    const out = join(folder, 'study');
    const say = ['--map', 'trainLoss=L', '--map', 'step=it', '--set', 'parameters=1000', '--set', 'hardware=one A100'];
    const refused = await ballast(
      'batch',
      'import',
      path,
      '--map',
      'trainLoss=L',
      '--set',
      'batchSize=8',
      '--out',
      out,
    );
    expectFailure(
      refused,
      1,
      /has no column that says the step .* or name it, columns: \{step: NAME\} \(--map step=NAME\)/,
    );
    expect(existsSync(out)).toBe(false);
    const { status, stdout } = await ballast('batch', 'import', path, ...say, '--out', out);
    expect(status).toBe(0);
    expect(stdout).toContain('CSV, 6 records');
    expect(stdout).toContain('trial = run; step = it; seconds = wall_time; trainLoss = L; batchSize = its name');
    expect(stdout).toContain('not used: "evil\\u001b[2Jname" (6)');
    expect(stdout).not.toContain('\u001b[2J');
    const { result: measured } = JSON.parse(await readFile(join(out, 'measured.json'), 'utf8'));
    expect(measured.workloads[0].parameters).toBe(1000);
    const report = async (...more: string[]) => (await ballast('batch', 'report', out, ...more)).stdout;
    expect(await report()).toMatch(/step times: one A100[\s\S]*device-hours/);
    expect(await report('--price', '2')).toMatch(/money[\s\S]*2\.00 a device-hour/);
    expect(await report('--devices', '1,2', '--bandwidth', '10', '--latency', '5')).toMatch(
      /10\.0 GB\/s and 5\.00 us between devices/,
    );
    const json = resultOf(
      (await ballast('batch', 'import', path, ...say, '--dry-run', '--json')).stdout,
    ) as ImportedSummary;
    expect(json.files?.[0]).toMatchObject({ format: 'CSV', records: 6, unused: [{ count: 6 }] });
  });
});
