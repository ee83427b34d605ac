import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import { defaultThreads, physicalCoresIn, quotaIn } from '../../src/runtime/threads.ts';

const saved = process.env.BALLAST_THREADS;
afterEach(() => {
  if (saved === undefined) delete process.env.BALLAST_THREADS;
  else process.env.BALLAST_THREADS = saved;
});

describe('threads', () => {
  it('hyper-threads of one core count once', () => {
    const processor = (id: number, socket: number, core: number) =>
      `processor\t: ${id}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    const info = [processor(0, 0, 0), processor(1, 0, 1), processor(2, 0, 0), processor(3, 1, 0)].join('\n');
    expect(physicalCoresIn(info)).toBe(3);
    expect(physicalCoresIn('processor : 0\nmodel name : something')).toBeUndefined();
  });

  it('a container quota is rounded up to whole processors', () => {
    expect(quotaIn('150000 100000\n')).toBe(2);
    expect(quotaIn('50000 100000\n')).toBe(1);
    expect(quotaIn('max 100000\n')).toBeUndefined();
  });

  it('BALLAST_THREADS decides, and must be a whole number', () => {
    process.env.BALLAST_THREADS = '5';
    expect(defaultThreads()).toBe(5);
    process.env.BALLAST_THREADS = 'many';
    expect(() => defaultThreads()).toThrow(UsageError);
    delete process.env.BALLAST_THREADS;
    expect(defaultThreads()).toBeGreaterThanOrEqual(1);
  });
});
