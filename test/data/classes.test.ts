import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { readClassNames, withClasses } from '../../src/data/classes.ts';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { argMax } from '../../src/evaluate/index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-classes-'));
  return () => rm(dir, { recursive: true });
});

const data: ImageDataset = {
  name: 'folder',
  classes: ['ant', 'dog'],
  count: 3,
  shape: [3, 1, 1],
  pixels: new Uint8Array(9),
  labels: Int32Array.of(0, 1, 1),
};

describe('classes of a network', () => {
  it('give images the places of their names', () => {
    const matched = withClasses(data, ['eel', 'dog', ['n02219486', 'ant']]);
    expect([[...matched.labels], matched.classes]).toEqual([
      [2, 1, 1],
      ['eel', 'dog', 'ant'],
    ]);
    expect(() => withClasses(data, ['ant', 'cat'])).toThrow(
      'has classes that the network does not: "dog"; its own are "ant", "cat"',
    );
    expect(() => withClasses(data, ['ant', 'dog', 'ant'])).toThrow('"ant" stands for class 0 and 2');
    const flat = { ...data, classes: [], labels: new Uint8Array(0) };
    expect(withClasses(flat, ['ant'])).toBe(flat);
  });

  it('in any order, with more than the images have, give the same accuracy; a name that is not theirs gives none', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), (own, seed, order) => {
        const has = own.slice(0, Math.max(1, own.length - 1));
        const count = 8;
        const labels = Int32Array.from({ length: count }, (_, i) => (i === 0 ? 0 : (seed >> i) % has.length));
        const images = { ...data, classes: has, count, labels, pixels: new Uint8Array(3 * count) };
        const scores = labels.map((_, i) => (seed >> (2 * i)) % own.length);
        const accuracyOf = (classes: readonly string[]) => {
          const { labels } = withClasses(images, classes);
          // The network answers with the same names, wherever they stand among its outputs.
          const logits = Array.from({ length: count }, (_, i) => classes.map((c) => (c === own[scores[i]!] ? 1 : 0)));
          return logits.filter((row, i) => argMax(row, 0, row.length) === labels[i]).length / count;
        };
        const turned = own.map((_, i) => own[(i + order) % own.length]!).toReversed();
        expect(accuracyOf(turned)).toBe(accuracyOf(own));
        expect(() => accuracyOf(own.map((c) => (c === has[0] ? `${c}-` : c)))).toThrow('has classes that the network');
      }),
    );
  });

  it('are read from a list, lines of text, and JSON as tools write it', async () => {
    expect(await readClassNames('ant, cat,dog')).toEqual(['ant', 'cat', 'dog']);
    const files: Record<string, [string, unknown]> = {
      'a.txt': ['ant\r\ncat\n\n', ['ant', 'cat']],
      'b.json': ['["ant", "cat"]', ['ant', 'cat']],
      'c.json': ['{"cat": 1, "ant": 0}', ['ant', 'cat']],
      'd.json': [
        '{"1": ["n2", "cat"], "0": ["n1", "ant"]}',
        [
          ['n1', 'ant'],
          ['n2', 'cat'],
        ],
      ],
    };
    for (const [name, [content, expected]] of Object.entries(files)) {
      await writeFile(join(dir, name), content);
      expect(await readClassNames(join(dir, name)), name).toEqual(expected);
    }
    const wrong = [
      '{"ant": 0, "cat": 2}',
      '{"ant": 0, "cat": 0}',
      '[]',
      '[1]',
      '{"x": "ant"}',
      '"ant"',
      '{',
      'null',
      '{"0": []}',
    ];
    for (const content of wrong) {
      await writeFile(join(dir, 'x.json'), content);
      await expect(readClassNames(join(dir, 'x.json')), content).rejects.toThrow(/x\.json: (expected JSON|is no JSON)/);
    }
    await expect(readClassNames('ant,,dog')).rejects.toThrow('expected a list such as ant,cat,dog');
    await expect(readClassNames(join(dir, 'none.txt'))).rejects.toThrow('no such file');
  });
});
