import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameProblem, pathBelow, pathNameSchema } from '../../../src/formats/files/path-name.ts';

describe('a name that becomes a part of a path', () => {
  it.each([
    '..',
    '.',
    '...',
    '',
    '   ',
    'a/b',
    'a\\b',
    '../x',
    'a\u0000b',
    'a\u001b[31m',
    'a\u0085',
    'CON',
    'nul.txt',
    'x'.repeat(181),
    'é'.repeat(100),
  ])('is not %j', (name) => {
    expect(nameProblem(name)).toMatch(/^expected a name/);
    expect(pathNameSchema.safeParse(name).success).toBe(false);
    expect(() => pathBelow('out', 'a', name)).toThrow(/cannot be a name in it: expected a name/);
  });

  it.each(['cifar10', 'LSR, "warm"', '..a', 'a..', '.a', 'größe', 'con-1', 'x'.repeat(180)])('may be %j', (name) => {
    expect(nameProblem(name)).toBeUndefined();
    expect(pathBelow('out', name)).toBe(resolve('out', name));
  });

  it('never leads out of its folder, whatever it is', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('..', '.', '../..', '/etc', 'C:', '..\\..', '\u2025'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (names) => {
        let path: string;
        try {
          path = pathBelow('/a/b', ...names);
        } catch {
          return;
        }
        expect(path.startsWith(`/a/b${sep}`)).toBe(true);
        expect(path).toBe(join('/a/b', ...names));
      }),
    );
  });
});
