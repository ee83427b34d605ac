import { describe, expect, it } from 'vitest';
import { availableMemory, requireMemory } from '../../src/runtime/memory.ts';

describe('memory', () => {
  it('is refused by estimate with both numbers and what to change, and granted up to what is free', () => {
    expect(() => requireMemory(4.28e9, 'a step of 4096 images', 'choose a smaller batch', 2e9)).toThrow(
      'a step of 4096 images takes about 4.28 GB of memory, 2.00 GB are free; choose a smaller batch',
    );
    requireMemory(2e9, 'a step', 'choose less', 2e9);
    expect(() => requireMemory(Number.POSITIVE_INFINITY, 'a step', 'choose less')).toThrow(/choose less/);
  });

  it('that is free is some, and no more than the machine has', () => {
    expect(availableMemory()).toBeGreaterThan(0);
    expect(availableMemory()).toBeLessThan(2 ** 52);
  });
});
