import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import type { Split } from '../../../src/data/dataset.ts';
import { loadCifar } from '../../../src/data/sets/cifar.ts';
import { cifarLayouts, imageBytes } from '../../../src/data/sets/cifar-layout.ts';
import { unpackXz } from '../../../src/data/sets/xz.ts';
import { ofPython2 } from '../../support/python2-pickle.ts';
import { realData } from '../../support/real-data.ts';

const official = 30_730_000;
const data = realData('cifar10');

let folder: string;
/** An official-sized test file of zeros with a few bytes set: label 9 and a first red pixel of 200 for image 1. */
let zeros: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-cifar-'));
  zeros = new Uint8Array(official);
  zeros.set([9, 200], 3073);
});
afterAll(() => rm(folder, { recursive: true }));

async function folderWith(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const dir = join(folder, name);
  await mkdir(dir);
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(dir, file), bytes);
  return dir;
}

const load = (dir: string, split: Split = 'test') => loadCifar({ dataset: 'cifar10', dir, split });

describe('CIFAR-10 from the real files', () => {
  it.skipIf(!data)('has the official test images: their bytes, their shape, 1000 of each class', async () => {
    const bytes = await unpackXz(join(data!, 'cifar-10-batches-bin', 'test_batch.bin.xz'), official);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
    );
    const { count, shape, pixels, labels, classes } = await load(data!);
    expect({ count, shape }).toEqual({ count: 10_000, shape: [3, 32, 32] });
    for (const i of [0, 7, 4321, 9999]) {
      expect(labels[i]).toBe(bytes[i * 3073]);
      const image = pixels.subarray(i * imageBytes, (i + 1) * imageBytes);
      expect(Buffer.from(image).equals(bytes.subarray(i * 3073 + 1, (i + 1) * 3073))).toBe(true);
    }
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label]!++;
    expect(counts).toEqual(new Array(10).fill(1000));
    expect(classes[labels[0]!]).toBe('cat');
    const names = await readFile(join(data!, 'cifar-10-batches-bin', 'batches.meta.txt'), 'utf8');
    expect(classes).toEqual(names.trim().split('\n'));
  });

  it.skipIf(!data)('has the official training images: 5000 of each class and the known mean', async () => {
    const { count, pixels, labels } = await load(join(data!, 'cifar-10-batches-bin'), 'train');
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label]!++;
    expect(counts).toEqual(new Array(10).fill(5000));
    const sums = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) {
        const start = i * imageBytes + c * 1024;
        for (let p = start; p < start + 1024; p++) sums[c]! += pixels[p]!;
      }
    }
    const means = sums.map((sum) => sum / (count * 1024 * 255));
    [0.49139968, 0.48215841, 0.44653091].forEach((mean, c) => {
      expect(means[c]).toBeCloseTo(mean, 7);
    });
  });
});

describe('CIFAR-10', () => {
  it('is found in the folder itself, in its parent and in the official archive', async () => {
    const parent = join(folder, 'parent');
    await mkdir(parent);
    const dir = await folderWith(join('parent', 'cifar-10-batches-bin'), { 'test_batch.bin': zeros });
    const archive = join(folder, 'cifar-10-binary.tar.gz');
    const tar = pack();
    tar.entry({ name: 'cifar-10-batches-bin/readme.html' }, 'text');
    tar.entry({ name: 'cifar-10-batches-bin/test_batch.bin' }, Buffer.from(zeros));
    tar.finalize();
    const written = await open(archive, 'w');
    await pipeline(tar, createGzip({ level: 1 }), written.createWriteStream());
    for (const place of [dir, parent, archive, folder]) {
      const { labels, pixels } = await load(place);
      expect([labels[0], labels[1], pixels[0], pixels[imageBytes]], place).toEqual([0, 9, 0, 200]);
    }

    const cut = join(folder, 'cut.tar.gz');
    await pipeline(createReadStream(archive), (await open(cut, 'w')).createWriteStream());
    await truncate(cut, 20_000);
    await expect(load(cut)).rejects.toThrow(`${cut}: truncated or damaged archive`);
    await expect(load(archive, 'train')).rejects.toThrow('it has no data_batch_1.bin, data_batch_2.bin');
    await expect(loadCifar({ dataset: 'cifar100', dir: archive, split: 'test' })).rejects.toThrow('it has no test.bin');
    const text = join(folder, 'text.tar.gz');
    await writeFile(text, 'not an archive');
    await expect(load(text)).rejects.toThrow(FileError);
  });

  it('with a file of another size names the file, its size and the size expected', async () => {
    const short = await folderWith('short', { 'test_batch.bin': zeros.subarray(0, official - 1) });
    await expect(load(short)).rejects.toThrow(
      `${join(short, 'test_batch.bin')}: has 30729999 bytes, expected 30730000, or fewer in whole records of 3073 bytes`,
    );
    const long = await folderWith('long', { 'test_batch.bin': Buffer.concat([zeros, Buffer.alloc(1)]) });
    await expect(load(long)).rejects.toThrow('has 30730001 bytes, expected 30730000');
  });

  it('with fewer images, in whole records, is read, and says how many there are', async () => {
    const dir = await folderWith('fewer', { 'test_batch.bin': zeros.subarray(0, 7 * 3073) });
    const found = await load(dir);
    expect(found.count).toBe(7);
    expect(found.pixels.length).toBe(7 * 3072);
    expect(found.notes).toEqual([`${dir}: 7 of the 10000 official images`]);
  });

  it('with a label that does not exist names the image', async () => {
    const bad = zeros.slice();
    bad[3 * 3073] = 10;
    const dir = await folderWith('label', { 'test_batch.bin': bad });
    await expect(load(dir)).rejects.toThrow(`${join(dir, 'test_batch.bin')}: image 3 has label 10, expected 0 to 9`);
  });

  it('that is not there, or only in part, says what was expected and where to get it', async () => {
    const empty = await folderWith('empty', {});
    await expect(load(empty)).rejects.toThrow(
      `${empty}: expected test_batch.bin (or .xz of them) here or in cifar-10-batches-bin/, or cifar-10-binary.tar.gz from https://www.cs.toronto.edu/`,
    );
    await expect(load(join(folder, 'nowhere'))).rejects.toThrow(FileError);
    const part = await folderWith('part', { 'data_batch_1.bin': new Uint8Array(1) });
    await expect(load(part, 'train')).rejects.toThrow(`${join(part, 'data_batch_2.bin')}: is missing`);
  });

  it('in damaged .xz files, or without the program xz, is refused by name', async () => {
    const dir = await folderWith('xz', { 'test_batch.bin.xz': Buffer.from('not xz at all') });
    await expect(load(dir)).rejects.toThrow(/test_batch\.bin\.xz: xz cannot unpack it \(File format not recognized\)/);
    const path = process.env.PATH;
    process.env.PATH = join(folder, 'empty');
    try {
      await expect(load(dir)).rejects.toThrow('test_batch.bin.xz: needs the program xz to be read');
    } finally {
      process.env.PATH = path;
    }
  });

  it.skipIf(!data)('in .xz files that unpack to less or more than expected is refused', async () => {
    const path = join(data!, 'cifar-10-batches-bin', 'test_batch.bin.xz');
    await expect(unpackXz(path, official + 1)).rejects.toThrow('unpacks to 30730000 bytes, expected 30730001');
    await expect(unpackXz(path, 1_000_000)).rejects.toThrow('unpacks to more than the 1000000 bytes expected');
    const dir = await folderWith('linked', {});
    await symlink(path, join(dir, 'test_batch.bin.xz'));
    expect((await load(dir)).count).toBe(10_000);
  });
});

describe('CIFAR-100', () => {
  it('takes the fine label, the second of two bytes', async () => {
    const bytes = new Uint8Array(10_000 * 3074);
    bytes.set([19, 99, 7], 3074);
    const dir = await folderWith('cifar-100-binary', { 'test.bin': bytes });
    const { labels, pixels, classes } = await loadCifar({ dataset: 'cifar100', dir, split: 'test' });
    expect([labels[1], pixels[imageBytes], classes[99]]).toEqual([99, 7, 'worm']);
  });

  it('has 100 different class names in alphabetical order', () => {
    const { classes } = cifarLayouts.cifar100;
    expect(new Set(classes).size).toBe(100);
    expect([...classes].sort()).toEqual(classes);
  });
});

describe('the Python version of CIFAR', () => {
  it('is read from its folder, one around it and its archive, and its labels and shape are checked', async () => {
    const pixels = new Uint8Array(10_000 * imageBytes);
    pixels[imageBytes] = 200;
    const labels = Array.from({ length: 10_000 }, (_, i): number => (i === 1 ? 9 : 0));
    const batch = (of = labels, rows = 10_000) =>
      ofPython2(of, [rows, imageBytes], pixels.subarray(0, rows * imageBytes));
    const outer = join(folder, 'python');
    const inner = join(outer, 'data', 'cifar-10-batches-py');
    await mkdir(inner, { recursive: true });
    await writeFile(join(inner, 'test_batch'), batch());
    const archive = join(folder, 'cifar-10-python.tar.gz');
    const tar = pack();
    tar.entry({ name: 'cifar-10-batches-py/test_batch' }, batch());
    tar.finalize();
    await pipeline(tar, createGzip({ level: 1 }), (await open(archive, 'w')).createWriteStream());
    for (const place of [inner, join(outer, 'data'), outer, archive]) {
      const found = await load(place);
      expect([found.count, found.labels[1], found.labels[2], found.pixels[0], found.pixels[imageBytes]], place).toEqual(
        [10_000, 9, 0, 0, 200],
      );
    }
    await expect(load(inner, 'train')).rejects.toThrow('or data_batch_1, data_batch_2');
    const path = join(inner, 'test_batch');
    for (const [bytes, problem] of [
      [batch([...labels.slice(1), 10]), 'image 9999 has another label than 0 to 9'],
      [batch(labels.slice(1)), 'expected a list "labels" of 10000 labels'],
      [batch(labels, 9_999), 'expected "data" with bytes [10000, 3072]'],
      [batch().subarray(0, 20_000), 'truncated'],
    ] as const) {
      await writeFile(path, bytes);
      await expect(load(inner)).rejects.toThrow(`${path}: ${problem}`);
    }
  });
});
