import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCommand } from '../support/built.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-large-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A CSV log of at least so many bytes: one run, a step and a loss a row beside a column of text that nobody needs. */
function largeLog(name: string, bytes: number): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  writeSync(file, 'run,batch_size,step,train_loss,note\n');
  const note = 'x'.repeat(160);
  for (let written = 0, step = 0; written < bytes; ) {
    const lines: string[] = [];
    for (let i = 0; i < 5000; i++, step++) lines.push(`a,64,${step},${(2 * 0.5 ** (step / 2e6)).toFixed(6)},${note}\n`);
    written += writeSync(file, lines.join(''));
  }
  closeSync(file);
  return path;
}

/** The greatest memory of a process that imports a log, in MB, and what it found. */
function imported(path: string) {
  const module = resolve(builtCommand(), '../../study/import/index.js');
  const script = `const { importMeasurements } = await import(${JSON.stringify(module)});
    const { logs } = await importMeasurements(${JSON.stringify(path)});
    const { curve, budgetSteps } = logs.trials[0];
    console.log(JSON.stringify({ mb: process.resourceUsage().maxRSS / 1024, kept: curve.length, budgetSteps, notes: logs.notes }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as {
    mb: number;
    kept: number;
    budgetSteps: number;
    notes: { run: string; text: string }[];
  };
}

describe('a log of 2 GB', () => {
  it('is imported in the memory of one of 100 MB, its rows thinned evenly and that said', () => {
    const small = imported(largeLog('small.csv', 1e8));
    const path = largeLog('large.csv', 2e9);
    expect(statSync(path).size).toBeGreaterThan(2e9);
    const large = imported(path);
    console.log({ small: small.mb, large: large.mb });
    expect(large.mb).toBeLessThan(small.mb + 50);
    expect(large.budgetSteps).toBeGreaterThan(1e7);
    expect(large.kept).toBeGreaterThan(1 << 15);
    expect(large.kept).toBeLessThanOrEqual(1 << 17);
    expect(large.notes[0]!.run).toMatch(/a/);
    expect(large.notes[0]!.text).toMatch(/^has more rows than are kept: \d+ of training were thinned out/);
  });
});
