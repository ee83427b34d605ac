import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { tensor } from '../onnx/index.ts';
import { CheckpointFolder } from './checkpoint.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('a checkpoint with any flipped bit of its tensors is passed over for the one before it', async () => {
  const folder = new CheckpointFolder(join(root, 'checkpoint'));
  const progress = (step: number) => ({
    step,
    seconds: 0.5,
    pending: { count: 1, loss: 0.1, gradSquare: 2 },
    noise: { signal: 1, noise: 2, weight: 3 },
    config: 'c',
  });
  const tensors = new Map([['w', tensor('float32', [4], Float32Array.of(1, 2, 3, 4))]]);
  for (const step of [10, 20]) await folder.save({ progress: progress(step), tensors });
  const noted: string[] = [];
  expect((await folder.newest((problem) => noted.push(problem)))?.progress).toEqual(progress(20));
  const path = join(folder.path, readdirSync(folder.path).sort().at(-1)!);
  const whole = readFileSync(path);
  for (const at of [1, 9, 16]) {
    const bytes = Buffer.from(whole);
    bytes[bytes.length - at]! ^= 1;
    writeFileSync(path, bytes);
    expect((await folder.newest((problem) => noted.push(problem)))?.progress.step).toBe(10);
  }
  expect(noted).toHaveLength(3);
  expect(noted[0]).toMatch(/is damaged: its content is not what was written \(SHA-256\)/);
});
