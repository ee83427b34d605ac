import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError, UsageError } from '../../src/base/errors.ts';
import { formatIndices, formatNumbered, parseIndices } from '../../src/base/indices.ts';

describe('image indices', () => {
  it('are read as a list, as ranges and mixed, in the order given', () => {
    expect(parseIndices('0,7,4321', 10_000)).toEqual([0, 7, 4321]);
    expect(parseIndices('0-199', 200)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(parseIndices(' 9, 2 - 4 ,0', 10)).toEqual([9, 2, 3, 4, 0]);
    expect(formatIndices([9, 2, 3, 4, 0])).toBe('9,2-4,0');
  });

  it('come back from their own list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(9999), { minLength: 1 }), (indices) => {
        expect(parseIndices(indices.join(','), 10_000)).toEqual(indices);
        expect(parseIndices(formatIndices(indices), 10_000)).toEqual(indices);
      }),
    );
  });

  it('out of range are refused with the index and the range, a huge range at once', () => {
    expect(() => parseIndices('3,10000', 10_000)).toThrow(
      new InputError('images', 'image index 10000 is out of range: expected 0 to 9999'),
    );
    expect(() => parseIndices('0-999999999999', 10_000)).toThrow('image index 999999999999 is out of range');
  });

  it('that are no indices, go backwards or come twice are refused', () => {
    for (const text of ['', 'a', '1,,2', '-1', '1.5', '1-2-3', '0x10']) {
      expect(() => parseIndices(text, 10), text).toThrow(UsageError);
    }
    expect(() => parseIndices('5-3', 10)).toThrow('the range 5-3 goes backwards');
    expect(() => parseIndices('0-4,3', 10)).toThrow('3 is named twice');
  });
});

it('names that end in numbers are told by the first and the last of each run', () => {
  expect(formatNumbered(['layer1.0', 'layer1.1', 'layer1.2', 'layer2.0', 'layer2.9', 'layer2.10', 'stem'])).toBe(
    'layer1.0 to layer1.2, layer2.0, layer2.9, layer2.10, stem',
  );
  expect(formatNumbered(['a', 'b', '1', '2'])).toBe('a, b, 1, 2');
  expect(formatNumbered([])).toBe('');
});
