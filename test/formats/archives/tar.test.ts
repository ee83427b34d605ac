import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readTarFiles, readTarMembers } from '../../../src/formats/archives/tar.ts';
import { tarFile } from '../../support/whole-files.ts';

async function tarOf(files: readonly (readonly [string, Buffer])[], compressed = true): Promise<string> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.tar');
  await writeFile(path, compressed ? gzipSync(bytes) : bytes);
  return path;
}

const limits = { fileBytes: 1000, totalBytes: 10_000 };

describe('a tar archive', () => {
  it('that unpacks to far more than its size is given up, though nothing of it is kept', async () => {
    const zeros = Buffer.alloc(50 * 2 ** 20);
    const path = await tarOf([
      ['a', zeros],
      ['b', zeros],
    ]);
    const given = /unpacks to more than \d+ bytes; far more than a file of this size may/;
    await expect(readTarFiles(path, () => false, limits)).rejects.toThrow(given);
    await expect(readTarMembers(path, new Map([['c', 1]]))).rejects.toThrow(given);
    expect((await readTarFiles(await tarOf([['a', zeros]], false), () => false, limits)).size).toBe(0);
  });

  it('whose folder is given a size comes to an end, and is refused', async () => {
    const tar = await tarFile({ 'a/': Buffer.from('x'.repeat(80)), b: Buffer.from('b') });
    // Typeflag 5: a folder, and the checksum that goes with it.
    tar[156] = 0x35;
    tar.fill(' ', 148, 156);
    const sum = tar.subarray(0, 512).reduce((a, b) => a + b, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.tar');
    await writeFile(path, tar);
    await expect(readTarFiles(path, () => true, limits)).rejects.toThrow(/a\.tar: truncated or damaged archive/);
  });

  it('that holds a file twice is refused', async () => {
    const path = await tarOf([
      ['a', Buffer.from('1')],
      ['a', Buffer.from('2')],
    ]);
    await expect(readTarFiles(path, () => true, limits)).rejects.toThrow('holds "a" twice');
  });
});
