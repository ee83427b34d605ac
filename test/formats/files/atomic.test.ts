import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError, UsageError } from '../../../src/base/errors.ts';
import { writeFileAtomic } from '../../../src/formats/files/atomic.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-'));
});

const failing = (error: Error) =>
  (function* () {
    yield Uint8Array.of(1, 2, 3);
    throw error;
  })();

describe('an atomic write', () => {
  it('puts text, bytes and pieces under the name, replacing what was there', async () => {
    const path = join(folder, 'a');
    for (const [content, expected] of [
      ['text', 'text'],
      [Buffer.from('bytes'), 'bytes'],
      [[Buffer.from('pie'), Buffer.from('ces')], 'pieces'],
    ] as const) {
      await writeFileAtomic(path, content);
      expect(await readFile(path, 'utf8')).toBe(expected);
    }
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('that runs out of disk leaves the old file and nothing else, and says so in one line', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const write = writeFileAtomic(path, failing(full));
    await expect(write).rejects.toThrow(FileError);
    await expect(write).rejects.toThrow(
      /^\S+: cannot be written: no space left on the device; nothing was changed there$/,
    );
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('passes on an error of the content that is already meant for the user', async () => {
    const own = new UsageError('wrong call');
    await expect(writeFileAtomic(join(folder, 'a'), failing(own))).rejects.toBe(own);
    expect(await readdir(folder)).toEqual([]);
  });

  it('to a place that cannot have a file says why', async () => {
    await mkdir(join(folder, 'dir', 'inner'), { recursive: true });
    await writeFile(join(folder, 'file'), '');
    await expect(writeFileAtomic(join(folder, 'dir'), 'x')).rejects.toThrow(FileError);
    await expect(writeFileAtomic(join(folder, 'none', 'a'), 'x')).rejects.toThrow('its folder does not exist');
    await expect(writeFileAtomic(join(folder, 'file', 'a'), 'x')).rejects.toThrow('a part of its path is not a folder');
    await expect(writeFileAtomic(join(folder, 'n'.repeat(300)), 'x')).rejects.toThrow('its name is too long');
    expect((await readdir(folder)).sort()).toEqual(['dir', 'file']);
  });
});
