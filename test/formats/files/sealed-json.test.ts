import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FileError } from '../../../src/base/errors.ts';
import { jsonCache } from '../../../src/formats/files/json-cache.ts';
import { openSealedJson, readSealedJson, sealJson, writeSealedJson } from '../../../src/formats/files/sealed-json.ts';

describe('sealed JSON', () => {
  it('is JSON with one entry more, and gives the object back', () => {
    fc.assert(
      fc.property(
        fc
          .dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
          .map((value) => JSON.parse(JSON.stringify(value)) as object),
        fc.constantFrom(undefined, 2),
        (value, indent) => {
          const text = sealJson(value, indent);
          expect(openSealedJson(text, 'a.json')).toEqual(value);
          const { 'ballast.sha256': seal, ...rest } = JSON.parse(text) as Record<string, unknown>;
          expect(seal).toMatch(/^[0-9a-f]{64}$/);
          expect(rest).toEqual(value);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('whose value has changed in a bit is refused by name, or gives the value unchanged', () => {
    const value = { seconds: 12.5, values: [1, 2, 3], name: 'a' };
    const bytes = Buffer.from(sealJson(value));
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      let read: object;
      try {
        read = openSealedJson(copy.toString('utf8'), 'a.json');
      } catch (error) {
        expect(error).toBeInstanceOf(FileError);
        expect((error as Error).message).toMatch(/^a\.json: /);
        refused++;
        continue;
      }
      expect(read).toMatchObject(value);
    }
    // What is left are bits of the seal's own name.
    expect(refused).toBeGreaterThan(8 * bytes.length - 8 * 'ballast.sha256'.length - 8);
  });

  it('of an older version has no seal and is read as it is', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.json');
    await writeFile(path, '{"a": 1}\n');
    expect(await readSealedJson(path, 'a thing')).toEqual({ a: 1 });
    await writeSealedJson(path, { a: 2 });
    expect(await readSealedJson(path, 'a thing')).toEqual({ a: 2 });
    await writeFile(path, '[1]');
    await expect(readSealedJson(path, 'a thing')).rejects.toThrow(`${path}: is no JSON object; expected a thing`);
  });
});

describe('a cache of results', () => {
  it('uses a result of its own settings, one without a checksum of an older version too, and none that is damaged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-'));
    const path = join(folder, 'key.json');
    const cache = jsonCache(folder, ['x'], z.array(z.number()));
    await cache.write('key', [1, 2]);
    expect(await cache.read('key')).toEqual([1, 2]);
    expect(await jsonCache(folder, ['y'], z.array(z.number())).read('key')).toBeUndefined();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('[1,2]', '[1,3]'));
    expect(await cache.read('key')).toBeUndefined();
    await writeFile(path, `${text.slice(0, text.indexOf(',"ballast'))}}`);
    expect(await cache.read('key')).toEqual([1, 2]);
  });
});
