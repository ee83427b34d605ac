import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readClassNames, withClasses } from '../../src/data/classes.ts';
import type { ImageDataset } from '../../src/data/dataset.ts';

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
