import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BallastError, FileError, reasonOf } from '../../src/base/errors.ts';
import { printable } from '../../src/base/printable.ts';
import { readBytes } from '../../src/formats/files/read-bytes.ts';
import { quote, quoteShape, quoteValue } from '../../src/formats/quote.ts';

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anything = fc.string({ unit: 'binary', maxLength: 200 });

describe('text that a file brought along', () => {
  it('is shown on one line without a character that a terminal would obey or hide, and cut', () => {
    fc.assert(
      fc.property(anything, (text) => {
        for (const shown of [
          quote(text),
          printable(text),
          new FileError('a', text).message.replaceAll('\n', ''),
          reasonOf(text),
        ])
          expect(shown).not.toMatch(invisible);
        expect(quote(text).length).toBeLessThan(6 * 80 + 3);
      }),
      { numRuns: 300 },
    );
    expect(quote('a\u001b[31m\u009b\u202e\u007f"\n')).toBe('"a\\u001b[31m\\u009b\\u202e\\u007f\\"\\n"');
    expect(quote('é 漢字 😀')).toBe('"é 漢字 😀"');
    expect(quote('x'.repeat(1e6)).length).toBe(82);
    expect(new BallastError('y'.repeat(1e6)).message.length).toBe(4000);
  });

  it('keeps the lines of a message', () => {
    expect(new BallastError('one\ntwo\u0007').message).toBe('one\ntwo\\u0007');
  });

  it('is not written out where it is a nest of lists', () => {
    let nest: unknown[] = [];
    for (let i = 0; i < 60; i++) nest = [nest, nest];
    expect(quoteValue(nest)).toBe('a list');
    expect(['a', 1, null, true, 2n ** 700n, new Map()].map(quoteValue)).toEqual([
      '"a"',
      '1',
      'null',
      'true',
      'a large integer',
      'an object',
    ]);
    expect(quoteShape([1, 2])).toBe('[1,2]');
    expect(quoteShape(Array(255).fill(7))).toBe('[7,7,7,7,7,7,7,7,... 255 dimensions]');
  });
});

describe('a file that is a device', () => {
  it('is refused, for it may never end', async () => {
    await expect(readBytes('/dev/zero', 'weights')).rejects.toThrow('/dev/zero: is a device; expected weights');
  });
});
