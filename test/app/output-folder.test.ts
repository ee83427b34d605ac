import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutput, requireFree } from '../../src/app/output-folder.ts';
import { expectValid } from '../support/ballast.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const spectrum = (request: Record<string, unknown>) => ({ kind: 'spectrum', request });

describe('a folder that results go to', () => {
  it('is new, then begun by the same request, and refuses another one without being changed', async () => {
    const folder = join(root, 'out');
    const first = await openOutput(
      folder,
      spectrum({ model: 'resnet20', top: 10, images: undefined }),
      'ballast spectrum',
    );
    expect(first.begun).toBe(false);
    await expect(openOutput(folder, spectrum({ model: 'resnet20', top: 10 }), 'again')).rejects.toThrow(
      /is being written by this process/,
    );
    first.release();
    const before = readFileSync(join(folder, 'request.json'), 'utf8');
    const again = await openOutput(folder, spectrum({ model: 'resnet20', top: 10 }), 'ballast spectrum');
    expect(again.begun).toBe(true);
    again.release();
    await expect(openOutput(folder, spectrum({ model: 'resnet56', top: 10 }), 'x')).rejects.toThrow(
      /out: holds the result of another request \(model is "resnet20", not "resnet56"\); choose another folder/,
    );
    await expect(openOutput(folder, { kind: 'perturb', request: {} }, 'x')).rejects.toThrow(
      /holds the result of spectrum; choose another folder/,
    );
    expect(readFileSync(join(folder, 'request.json'), 'utf8')).toBe(before);
    expect(existsSync(join(folder, '.lock'))).toBe(false);
    expect(() => requireFree(folder, ['config.json'])).toThrow(/holds the result of a measurement \(request\.json\)/);
  });

  it.each(['config.json', 'study.sqlite', 'plan.json', 'result.json'])(
    'is not taken where %s says that it is something else',
    async (name) => {
      writeFileSync(join(root, name), '{}');
      await expect(openOutput(root, spectrum({}), 'x')).rejects.toThrow(
        new RegExp(`holds .*\\(${name.replace('.', '\\.')}\\); choose another folder`),
      );
      if (name === 'config.json') requireFree(root, ['config.json']);
      else expect(() => requireFree(root, ['config.json'])).toThrow(/choose another folder/);
    },
  );

  it('has a record of today, goes on with one of a version before documents, and refuses a newer one by name', async () => {
    const folder = join(root, 'out');
    const asked = spectrum({ model: 'resnet20', top: 10 });
    const open = async () => {
      const { begun, release } = await openOutput(folder, asked, 'x');
      release();
      return begun;
    };
    await open();
    const path = join(folder, 'request.json');
    const document = JSON.parse(readFileSync(path, 'utf8'));
    expect(document).toMatchObject({ kind: 'folder-request', version: 1, result: { of: 'spectrum' } });
    expectValid(document);
    writeFileSync(path, JSON.stringify({ ballast: '0.1.0', ...asked }));
    expect(await open()).toBe(true);
    writeFileSync(path, JSON.stringify({ ...document, version: 2 }));
    await expect(open()).rejects.toThrow(/request\.json: is a folder-request of version 2, Ballast .* reads up to 1/);
  });

  it('whose record is damaged is refused in one line', async () => {
    for (const text of ['', 'no json', '[]', '{"kind":1}']) {
      const folder = mkdtempSync(join(root, 'x'));
      writeFileSync(join(folder, 'request.json'), text);
      await expect(openOutput(folder, spectrum({}), 'x')).rejects.toThrow(
        /is no record of what the folder was made for/,
      );
    }
    mkdirSync(join(root, 'fresh'));
    requireFree(join(root, 'fresh'), []);
  });
});
