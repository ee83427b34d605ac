import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderOwned, ownFolder } from '../../../src/formats/files/folder-owner.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Another process that owns the folder until it is killed. */
async function rival(folder: string, options: object): Promise<{ kill(): Promise<void> }> {
  const script = `import { ownFolder } from './src/formats/files/folder-owner.ts';
    await ownFolder(process.argv[1], JSON.parse(process.argv[2])); process.stdout.write('has it'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    script,
    folder,
    JSON.stringify(options),
  ]);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.stderr.once('data', (text: Buffer) => reject(new Error(text.toString())));
  });
  return {
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

describe('the owner of a folder', () => {
  it('is alone, is named to whoever comes second, and leaves nothing behind', async () => {
    const folder = join(root, 'new', 'er');
    const owner = await ownFolder(folder, { doing: 'first' });
    await expect(ownFolder(folder, { doing: 'second' })).rejects.toThrow(
      /is being written by this process already \(first\)/,
    );
    owner.release();
    owner.release();
    expect(readdirSync(folder)).toEqual([]);
    (await ownFolder(folder, { doing: 'third' })).release();
  });

  it('keeps it against other processes for as long as it lives, and not a moment longer, though it is killed', async () => {
    const other = await rival(root, { doing: 'ballast train' });
    await expect(ownFolder(root, { doing: 'x' })).rejects.toThrow(
      /is being written by ballast train \(process \d+ on .*\); wait/,
    );
    await expect(ownFolder(root, { doing: 'x', shared: true })).rejects.toBeInstanceOf(FolderOwned);
    writeFileSync(join(root, '.a.0123456789ab.tmp'), 'half');
    await other.kill();
    // Its files are still there: they are no lock.
    expect(existsSync(join(root, '.owner.json'))).toBe(true);
    const owner = await ownFolder(root, { doing: 'x' });
    expect(readdirSync(root).sort()).toEqual(['.lock', '.owner.json']);
    owner.release();
  });

  it('may be several that share it, none of them beside one that has it alone', async () => {
    const other = await rival(root, { doing: 'run', shared: true });
    const mine = await ownFolder(root, { doing: 'run', shared: true });
    mine.release();
    await expect(ownFolder(root, { doing: 'x' })).rejects.toBeInstanceOf(FolderOwned);
    await other.kill();
    (await ownFolder(root, { doing: 'x' })).release();
  });

  it('sweeps what killed processes left half-written, and nothing else', async () => {
    mkdirSync(join(root, 'parts', 'deep', 'deeper'), { recursive: true });
    const kept = ['a.tmp', '.b.tmp', '.c.0123456789ab.tmp.txt', 'parts/deep/deeper/.d.0123456789ab.tmp'];
    const gone = ['.e.0123456789ab.tmp', 'parts/.f.json.aaaaaaaaaaaa.tmp', 'parts/deep/.g.0123456789ab.tmp'];
    for (const name of [...kept, ...gone]) writeFileSync(join(root, name), 'x');
    (await ownFolder(root, { doing: 'x' })).release();
    expect([...kept, ...gone].filter((name) => existsSync(join(root, name)))).toEqual(kept);
  });

  it('says in one line that a folder cannot be made or written', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(ownFolder(join(root, 'file'), { doing: 'x' })).rejects.toThrow(
      /file: cannot be written: there is a file of this name/,
    );
    await expect(ownFolder(join(root, 'file', 'below'), { doing: 'x' })).rejects.toThrow(/cannot be written/);
    await expect(ownFolder('/proc/ballast', { doing: 'x' })).rejects.toThrow(/^\/proc\/ballast: cannot be written/);
    if (process.getuid?.() === 0) return;
    const readOnly = join(root, 'read-only');
    mkdirSync(readOnly);
    chmodSync(readOnly, 0o555);
    await expect(ownFolder(readOnly, { doing: 'x' })).rejects.toThrow(
      /cannot be written: no permission to write there/,
    );
  });
});
