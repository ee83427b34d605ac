import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadDataset } from '../../../src/data/load.ts';

const python = '/usr/bin/python3';
const hasScipy = (() => {
  try {
    execFileSync(python, ['-c', 'import scipy.io'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-svhn-'));
  return () => rm(dir, { recursive: true });
});

/** Writes a file like SVHN's with SciPy; pixel (row, column, channel) of image n is (7 row + 3 column + 50 channel + n) mod 256. */
function write({ labels = '[10, 1, 9]', images = 'X', type = 'uint8' } = {}): void {
  const program = `
import sys, numpy as np, scipy.io
r, c, k, n = np.meshgrid(np.arange(32), np.arange(32), np.arange(3), np.arange(3), indexing='ij')
X = ((7 * r + 3 * c + 50 * k + n) % 256).astype('${type}')
scipy.io.savemat(sys.argv[1], {'X': ${images}, 'y': np.array(${labels}, dtype='uint8').reshape(-1, 1)}, do_compression=True)
`;
  execFileSync(python, ['-c', program, join(dir, 'test_32x32.mat')]);
}
const load = () => loadDataset({ name: 'svhn', dir, split: 'test' });

describe.skipIf(!hasScipy)('SVHN', () => {
  it('has its images by channel, row and column, and the digit 0 for class 10', async () => {
    write();
    const { count, shape, pixels, labels } = await load();
    expect({ count, shape }).toEqual({ count: 3, shape: [3, 32, 32] });
    expect([...labels]).toEqual([0, 1, 9]);
    for (let n = 0; n < 3; n++) {
      for (let k = 0; k < 3; k++) {
        for (let r = 0; r < 32; r++) {
          for (let c = 0; c < 32; c++) {
            expect(pixels[((n * 3 + k) * 32 + r) * 32 + c]).toBe((7 * r + 3 * c + 50 * k + n) % 256);
          }
        }
      }
    }
  });

  it('of one image, whose last dimension MATLAB drops, is read', async () => {
    write({ images: 'X[:, :, :, 0]', labels: '[5]' });
    expect((await load()).count).toBe(1);
  });

  it('with wrong labels, shapes or types is refused, naming the file', async () => {
    const wrong: [Parameters<typeof write>[0], string][] = [
      [{ labels: '[10, 0, 9]' }, 'image 1 has label 0, expected 1 to 10'],
      [{ labels: '[10, 1]' }, 'X has 3 images and y has 2 labels'],
      [{ images: 'X[:16]' }, 'X has the shape [16,32,3,3]'],
      [{ type: 'int16' }, 'expected bytes [32, 32, 3, images]'],
    ];
    for (const [change, problem] of wrong) {
      write(change);
      await expect(load()).rejects.toThrow(new RegExp(`^${join(dir, 'test_32x32.mat')}: `));
      await expect(load()).rejects.toThrow(problem);
    }
  });
});

describe('SVHN files', () => {
  it('that are missing or no MATLAB files are refused by name', async () => {
    await expect(load()).rejects.toThrow(`${dir}: expected test_32x32.mat here`);
    await writeFile(join(dir, 'test_32x32.mat'), 'text');
    await expect(load()).rejects.toThrow('test_32x32.mat: expected a MATLAB level-5 file');
  });
});
