import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../../src/train/run/checkpoint.ts';

const checkpointAt = (step: number) => ({
  progress: {
    step,
    seconds: 1.5,
    pending: { count: 1, loss: 2.25, gradSquare: 0.5 },
    noise: { signal: 1, noise: 2, weight: 3 },
    config: 'c',
  },
  tensors: new Map([['w', { dtype: 'float32' as const, shape: [4], data: Float32Array.of(1, 2, 3, step) }]]),
});

describe('a checkpoint of a run', () => {
  it('in which a bit of a weight or of the progress has changed is refused by its name, and the one before it is taken', async () => {
    const folder = new CheckpointFolder(await mkdtemp(join(tmpdir(), 'ballast-')));
    await folder.save(checkpointAt(1));
    await folder.save(checkpointAt(2));
    const path = join(folder.path, 'step-000000002.safetensors');
    const whole = await readFile(path);
    const seconds = whole.indexOf('1.5');
    for (const at of [whole.length - 1, whole.length - 9, seconds, seconds + 2]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      await writeFile(path, damaged);
      const problems: string[] = [];
      expect((await folder.newest((problem) => problems.push(problem)))?.progress.step).toBe(1);
      expect(problems).toEqual([`${path}: is damaged: its content does not match its checksum`]);
    }
    await writeFile(path, whole);
    expect(await folder.newest(() => expect.unreachable())).toEqual(checkpointAt(2));
  });
});
