/** Attacks, comparisons and branches in pieces: each starts some ten processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ballastProcess } from '../support/ballast.ts';
import { bothWays, twoNetworks } from '../support/queue/both-ways.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-pieces-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onnx = twoNetworks(folder);
const about = ['--normalize', 'none', '--dataset', 'shapes', '--threads', '1'];

describe('a measurement in pieces', () => {
  it('has the same digits as here: attacks on groups of images, and their projections', async () => {
    const args = [
      ...['perturb', '--model', onnx[0]!, ...about, '--images', '0-59', '--steps', '2', '--eps', '4/255,8/255'],
      ...['--project', '--projection-steps', '2', '--top', '0'],
    ];
    const { here, there, taken } = await bothWays(folder, 'perturb', args);
    expect(there).toEqual(here);
    expect(taken).toBe(2);
  });

  it('has the same digits as here: networks side by side', async () => {
    const args = ['compare', '--model', onnx.join(','), ...about, '--images', '0-19', '--steps', '2'];
    const { here, there, taken } = await bothWays(folder, 'compare', args);
    expect(there).toEqual(here);
    expect(taken).toBe(2);
  });

  it('has the same digits as here: branches of a run of ours', async () => {
    const run = join(folder, 'run');
    const training = ballastProcess(
      ...['train', '--model', 'mlp8', '--dataset', 'shapes', '--max-steps', '4', '--batch-size', '8'],
      ...['--micro-batch', '8', '--keep-checkpoints', '2st', '--out', run, '--threads', '1'],
    );
    expect([training.status, training.lines.join('\n')]).toEqual([0, expect.any(String)]);
    const args = [
      ...['batch', 'branch', run, '--at', '2st', '--most', '2', '--per-doubling', '1', '--examples', '64'],
      ...['--orders', '2', '--most-orders', '2', '--held-out', '100', '--threads', '1'],
    ];
    const { here, there, taken } = await bothWays(folder, 'branch', args, 1);
    expect(there).toEqual(here);
    expect(taken).toBe(4);
  });
});
