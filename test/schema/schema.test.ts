/** The forms of requests, results and files: described, valid under an independent validator, read back, migrated, and refused by name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { version } from '../../src/base/version.ts';
import {
  allKinds,
  jsonSchemaOf,
  type Kind,
  kindNamed,
  readDocument,
  requestSchemaOf,
  type StoredDocument,
  toDocument,
} from '../../src/schema/index.ts';
import { syntheticSpectrum } from '../report/synthetic-spectrum.ts';
import { expectValid } from '../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-schema-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Node = Readonly<Record<string, unknown>>;

/** The keys of objects in a JSON Schema that say nothing of themselves, as paths. */
function undescribed(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((s, i) => undescribed(s, `${path}[${i}]`));
  const { properties, ...rest } = schema as Node;
  return [
    ...Object.entries((properties ?? {}) as Record<string, Node>).flatMap(([key, own]) => [
      ...(typeof own.description === 'string' ? [] : [`${path}.${key}`]),
      ...undescribed(own, `${path}.${key}`),
    ]),
    ...Object.values(rest).flatMap((inner) => undescribed(inner, path)),
  ];
}

describe.each(allKinds().map((k) => [k.kind, k] as const))('the form of %s', (_, kind) => {
  it('is a JSON Schema 2020-12 that a strict validator compiles, with a description of every key', () => {
    for (const schema of [jsonSchemaOf(kind), requestSchemaOf(kind)]) {
      expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
      new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
      expect(undescribed(schema)).toEqual([]);
    }
  });
});

const spectrum = kindNamed('spectrum')!;
const stored = (): StoredDocument => JSON.parse(JSON.stringify(toDocument(spectrum, null, syntheticSpectrum())));
const write = (value: unknown) => {
  const path = join(folder, 'result.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};

describe('a stored result', () => {
  it('is what was measured when it is read again', async () => {
    expectValid(stored());
    const { kind, request, result } = await readDocument(write(stored()));
    expect([kind, request]).toEqual([spectrum, null]);
    expect(result).toEqual(JSON.parse(JSON.stringify(syntheticSpectrum())));
  });

  it('of the version before results had a kind is known by its form', async () => {
    const { kind, result } = await readDocument(write(syntheticSpectrum()));
    expect(kind).toBe(spectrum);
    expect(result).toEqual(JSON.parse(JSON.stringify(syntheticSpectrum())));
  });

  it('of a newer version is refused by name, with its version and ours', async () => {
    const path = write({ ...stored(), version: 99, ballast: '7.0.0' });
    await expect(readDocument(path)).rejects.toThrow(
      `${path}: is a spectrum of version 99, Ballast ${version} reads up to 1; expected a newer Ballast (7.0.0 wrote it)`,
    );
  });

  it('of an older version is migrated step by step', async () => {
    // Modules of its own, for the kind is made up.
    vi.resetModules();
    const { checkDocument, registerKind } = await import('../../src/schema/index.ts');
    const made: Kind = registerKind({
      kind: 'made-up',
      version: 3,
      summary: 'made up',
      request: z.null(),
      result: z.object({ value: z.number(), unit: z.string() }),
      migrations: {
        1: (old) => ({ ...old, result: { value: (old.result as { v: number }).v } }),
        2: (old) => ({ ...old, result: { ...(old.result as object), unit: 'm' } }),
      },
    });
    const old = { ...toDocument(made, null, { v: 4 }), version: 1 };
    expect(checkDocument(old, 'old.json').result).toEqual({ value: 4, unit: 'm' });
    expect(() => checkDocument({ ...old, version: 0 }, 'old.json')).toThrow('expected a whole number from 1');
  });

  it('that is damaged, of no kind or no JSON is refused in a line', async () => {
    const { images } = syntheticSpectrum();
    const damaged = { ...stored(), result: { ...syntheticSpectrum(), images: [{ ...images[0], logits: 'none' }] } };
    await expect(readDocument(write(damaged))).rejects.toThrow(/is not a whole spectrum: result\.images\.0\.logits: /);
    await expect(readDocument(write({ ...stored(), kind: 'spectrums' }))).rejects.toThrow(/did you mean "spectrum"\?/);
    await expect(readDocument(write({ hello: 1 }))).rejects.toThrow(/is no result of Ballast/);
    await expect(readDocument(write('not JSON'))).rejects.toThrow(/is not JSON/);
    await expect(readDocument(join(folder, 'none.json'))).rejects.toThrow(/none\.json: cannot be read/);
  });
});

describe('the published results', () => {
  const files = readdirSync('results', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

  it.each(files)('%s is read, and valid in the form of today', async (name) => {
    const { kind, request, result } = await readDocument(join('results', name));
    expectValid(JSON.parse(JSON.stringify(toDocument(kind, request, result))));
    expect(readFileSync(join('results', name), 'utf8').length).toBeGreaterThan(0);
  });
});
