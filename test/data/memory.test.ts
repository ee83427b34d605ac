import { describe, expect, it } from 'vitest';
import { pictureBytes } from '../../src/data/memory.ts';

describe('the memory of a data set', () => {
  it('is estimated before it is taken, and refused in one line with the number beyond half of what is free', () => {
    expect(pictureBytes('x', 2, [3, 4, 5], 240).length).toBe(120);
    expect(() => pictureBytes('x', 2, [3, 4, 5], 239)).toThrow(
      /^x: 2 images of 3 x 4 x 5 bytes need .* GiB of memory, expected at most .* GiB, half of what is free; take fewer or smaller ones$/,
    );
    for (const count of [1e6, 1e12]) {
      expect(() => pictureBytes('x', count, [4, 4096, 4096])).toThrow(/^x: .* of memory, expected at most/);
      expect(() => pictureBytes('x', count, [4, 4096, 4096], Number.POSITIVE_INFINITY)).toThrow(
        'which the system does not give',
      );
    }
  });
});
