import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { pack } from 'tar-stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadCamvid } from '../../../src/data/sets/camvid.ts';
import { realData } from '../../support/real-data.ts';

const real = realData('camvid');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-camvid-'));
  return () => rm(dir, { recursive: true });
});

const frame = (width: number, height: number, rgb: readonly number[]) => {
  const image = new PNG({ width, height });
  for (let p = 0; p < width * height; p++) image.data.set([...rgb, 255], 4 * p);
  return PNG.sync.write(image);
};
const grey = (width: number, values: readonly number[]) => {
  const image = new PNG({ width, height: values.length / width });
  values.forEach((value, p) => {
    image.data.set([value, value, value, 255], 4 * p);
  });
  return PNG.sync.write(image, { colorType: 0 });
};

/** Two training frames of 2 x 1 pixels, listed against the order of their names. */
const good = (): Record<string, Buffer> => ({
  'train.txt': Buffer.from('b.png\na\n'),
  'train/a.png': frame(2, 1, [1, 2, 3]),
  'train/b.png': frame(2, 1, [4, 5, 6]),
  'trainannot/a.png': grey(2, [0, 11]),
  'trainannot/b.png': grey(2, [10, 3]),
});

async function put(files: Record<string, Buffer>, folder = dir): Promise<string> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

async function tarOf(files: Record<string, Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name: `camvid/${name}` }, bytes);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

describe('CamVid from the real archive', () => {
  it.skipIf(!real)('has the published frames, class frequencies and mean colours', async () => {
    const published = {
      valid: {
        count: 101,
        pixels: [113967, 322200, 7001, 359325, 108193, 202759, 11051, 38160, 21702, 8103, 27437, 21190],
        mean: [79.98, 84.88, 88.68],
      },
      train: {
        count: 367,
        pixels: [760018, 1048600, 44457, 1427228, 202237, 438527, 52665, 50802, 264579, 28862, 13120, 178601],
        mean: [105.03, 108.41, 110.33],
      },
      test: {
        count: 233,
        pixels: [488471, 704341, 33525, 738927, 265256, 322409, 28864, 33901, 113638, 18111, 5448, 110213],
        mean: [96.79, 99.51, 101.06],
      },
    } as const;
    for (const split of ['train', 'valid', 'test'] as const) {
      const { count, shape, pixels, masks, maskClasses, ignoreLabel } = await loadCamvid({ dir: real!, split });
      expect({ count, shape }).toEqual({ count: published[split].count, shape: [3, 96, 128] });
      expect([maskClasses!.length, ignoreLabel]).toEqual([11, 11]);
      const frequencies = new Array<number>(12).fill(0);
      for (const value of masks!) frequencies[value]!++;
      expect(frequencies).toEqual(published[split].pixels);
      const area = 96 * 128;
      const sums = [0, 0, 0];
      for (let plane = 0; plane < 3 * count; plane++) {
        for (let p = plane * area; p < (plane + 1) * area; p++) sums[plane % 3]! += pixels[p]!;
      }
      published[split].mean.forEach((mean, c) => {
        expect(sums[c]! / (count * area)).toBeCloseTo(mean, 2);
      });
    }
  });
});

describe('CamVid', () => {
  it('is read from a folder, its parent, an archive and a folder with the archive, in the order of the list', async () => {
    const folder = await put(good(), join(dir, 'camvid'));
    const archive = join(dir, 'archive', 'CamVid-small.tar.gz');
    await put({ 'archive/CamVid-small.tar.gz': await tarOf(good()) });
    for (const place of [folder, dir, archive, dirname(archive)]) {
      const { count, shape, pixels, masks, labels } = await loadCamvid({ dir: place, split: 'train' });
      expect({ count, shape }, place).toEqual({ count: 2, shape: [3, 1, 2] });
      expect([...pixels]).toEqual([4, 4, 5, 5, 6, 6, 1, 1, 2, 2, 3, 3]);
      expect([...masks!]).toEqual([10, 3, 0, 11]);
      expect(labels.length).toBe(0);
    }
    await expect(loadCamvid({ dir, split: 'valid' })).rejects.toThrow(
      `${dir}: expected val.txt with val/ and valannot/`,
    );
    await expect(loadCamvid({ dir: archive, split: 'test' })).rejects.toThrow('it has no test.txt');
    await put({ 'archive/camvid2.tar': Buffer.alloc(1024) });
    await expect(loadCamvid({ dir: dirname(archive), split: 'train' })).rejects.toThrow(
      'has CamVid-small.tar.gz and camvid2.tar; name the one',
    );
    await expect(loadCamvid({ dir: join(dir, 'none'), split: 'train' })).rejects.toThrow('no such file');
  });

  const damage: Record<string, { files: Record<string, Buffer>; problem: RegExp }> = {
    'a missing frame': {
      files: { 'train.txt': Buffer.from('a\nc\n') },
      problem: /c\.png.*no such file|it has no train\/c\.png/,
    },
    'a list that leads elsewhere': {
      files: { 'train.txt': Buffer.from('../a\n') },
      problem: /train\.txt\)?: has "\.\.\/a"/,
    },
    'a frame that is listed twice': {
      files: { 'train.txt': Buffer.from('a\nb\na.png\n') },
      problem: /train\.txt\)?: names the frame a twice/,
    },
    'an empty list': { files: { 'train.txt': Buffer.from('\n') }, problem: /train\.txt\)?: names no frames/ },
    'a value that is no class': {
      files: { 'trainannot/a.png': grey(2, [0, 12]) },
      problem: /trainannot\/a\.png\)?: pixel 1 has the value 12, expected a class from 0 to 11/,
    },
    'a mask in colour': {
      files: { 'trainannot/a.png': frame(2, 1, [1, 1, 1]) },
      problem: /expected an 8-bit grey PNG/,
    },
    'a mask of another size': { files: { 'trainannot/a.png': grey(1, [0, 1]) }, problem: /is 1 x 2, expected 2 x 1/ },
    'a frame that is cut': {
      files: { 'train/b.png': frame(2, 1, [1, 1, 1]).subarray(0, 50) },
      problem: /cannot be decoded/,
    },
  };
  for (const [name, { files, problem }] of Object.entries(damage)) {
    it(`with ${name} is refused in one line, in a folder and in an archive`, async () => {
      const all = { ...good(), ...files };
      await put(all, join(dir, 'folder'));
      await put({ 'archive.tar.gz': await tarOf(all) });
      for (const place of ['folder', 'archive.tar.gz']) {
        const message = await loadCamvid({ dir: join(dir, place), split: 'train' }).then(
          () => 'loaded',
          (error: Error) => error.message,
        );
        expect(message).toMatch(problem);
        expect(message).not.toContain('\n');
        expect(message.startsWith(join(dir, place))).toBe(true);
      }
    });
  }

  it('in an archive that is cut, or whose header claims a huge frame, is refused', async () => {
    const whole = await tarOf(good());
    await put({ 'cut.tar.gz': whole.subarray(0, whole.length >> 1) });
    await expect(loadCamvid({ dir: join(dir, 'cut.tar.gz'), split: 'train' })).rejects.toThrow('truncated or damaged');
    const tar = pack();
    tar.entry({ name: 'camvid/train/a.png', size: 2 ** 33 });
    const header = await new Promise<Buffer>((resolve) => tar.once('data', (chunk) => resolve(chunk as Buffer)));
    tar.destroy();
    await put({ 'huge.tar': header });
    await expect(loadCamvid({ dir: join(dir, 'huge.tar'), split: 'train' })).rejects.toThrow(
      'has 8589934592 bytes, expected at most 16777216',
    );
  });
});
