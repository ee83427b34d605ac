/** Training runs as a whole: what they write, and that nothing is lost or changed when they are interrupted. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, trainChild } from '../support/interrupted.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-train-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string) => join(root, name);

describe('a training run', () => {
  beforeAll(async () => {
    expect((await trainChild(folder('straight'))).at(-1)).toBe('complete');
  });

  it('writes metrics at the steps asked for, the last two checkpoints, and the weights', () => {
    const { metrics } = outcome(folder('straight'));
    expect(metrics.map((m) => (m as { step: number }).step)).toEqual([4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
    const evaluated = metrics.filter((m) => (m as { valLoss?: number }).valLoss !== undefined);
    expect(evaluated.map((m) => (m as { step: number }).step)).toEqual([20, 40]);
    const last = metrics.at(-1) as Record<string, number>;
    expect(last).toMatchObject({ epoch: 6.4, examples: 640, batchSize: 16 });
    expect(last.trainLoss).toBeLessThan((metrics[0] as Record<string, number>).trainLoss!);
    expect(last.gradNorm).toBeGreaterThan(0);
    expect(readdirSync(join(folder('straight'), 'checkpoint'))).toEqual([
      'step-000000035.safetensors',
      'step-000000040.safetensors',
    ]);
  });

  it('that was killed goes on bit for bit', async () => {
    let said: string[] = [];
    for (const after of [7, 2, 13]) said = await trainChild(folder('killed'), { after, signal: 'SIGKILL' });
    expect(said.at(-1)).not.toBe('complete');
    expect((await trainChild(folder('killed'))).at(-1)).toBe('complete');
    expect(outcome(folder('killed'))).toEqual(outcome(folder('straight')));
  });

  it('finishes its step on SIGINT, saves, and goes on from just there', async () => {
    const said = await trainChild(folder('interrupted'), { after: 7, signal: 'SIGINT' });
    expect(said.at(-1)).toBe('interrupted');
    const reached = Number(said.at(-2));
    const again = await trainChild(folder('interrupted'));
    expect(Number(again[0])).toBe(reached + 1);
    expect(outcome(folder('interrupted'))).toEqual(outcome(folder('straight')));
  });

  it('passes over a damaged checkpoint, says so, and ends in the same weights', async () => {
    await trainChild(folder('damaged'), { after: 12, signal: 'SIGKILL' });
    const checkpoints = join(folder('damaged'), 'checkpoint');
    const newest = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!);
    truncateSync(newest, 1000);
    const said = await trainChild(folder('damaged'));
    expect(said[0]).toMatch(/^note: passed over: .*step-\d+\.safetensors: /);
    expect(said.at(-1)).toBe('complete');
    expect(outcome(folder('damaged'))).toEqual(outcome(folder('straight')));
  });

  it('leaves the last good checkpoint alone when it cannot write', async () => {
    await trainChild(folder('blocked'), { after: 6, signal: 'SIGKILL' });
    const checkpoints = join(folder('blocked'), 'checkpoint');
    const files = () => readdirSync(checkpoints).map((name) => [name, readFileSync(join(checkpoints, name))]);
    const before = files();
    // A folder where the metrics should be: nothing can be appended.
    const metrics = join(folder('blocked'), 'metrics.jsonl');
    rmSync(metrics);
    mkdirSync(metrics);
    await expect(trainChild(folder('blocked'))).rejects.toThrow(/metrics\.jsonl/);
    expect(files()).toEqual(before);
    expect(existsSync(join(folder('blocked'), 'model.safetensors'))).toBe(false);
  });
});
