import { describe, expect, it } from 'vitest';
import { philox, RandomStream } from '../../src/base/random.ts';

describe('philox 4x32-10', () => {
  it('gives the known answers of the Random123 distribution', () => {
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });
});

describe('a random stream', () => {
  const draw = (purpose: string, index: number) => {
    const stream = new RandomStream({ seed: 7, purpose, index });
    return Array.from({ length: 8 }, () => stream.uint32());
  };
  it('is the same whenever it is drawn, and differs by purpose and index', () => {
    expect(draw('noise', 3)).toEqual(draw('noise', 3));
    expect(draw('noise', 3)).not.toEqual(draw('noise', 4));
    expect(draw('noise', 3)).not.toEqual(draw('init', 3));
  });
  it('has normal values with mean 0, variance 1 and fourth moment 3', () => {
    const x = new RandomStream({ seed: 1, purpose: 'moments' }).fillNormal(new Float64Array(200_000));
    const moment = (p: number) => x.reduce((s, v) => s + v ** p, 0) / x.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });
});
