import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatNumber,
  formatPercent,
  formatRange,
  typesetNumber,
} from '../../src/report/numbers.ts';

describe('numbers', () => {
  it('group the digits of counts by three', () => {
    expect([0, 999, 1000, 16384, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '16,384', '1,234,567']);
  });

  it('keep significant digits and use powers of ten only far from one', () => {
    expect([0, 1, 5.0973, 0.012345, 123.456, 3.21e-6, 48739, -0.5].map((x) => formatNumber(x))).toEqual([
      '0',
      '1.00',
      '5.10',
      '0.0123',
      '123',
      '3.2e-6',
      '4.9e4',
      '-0.500',
    ]);
    expect(typesetNumber(3.21e-6, 2)).toBe('3.2×10⁻⁶');
    expect([1, 0.9, 0.05].map(formatExact)).toEqual(['1', '0.9', '0.05']);
  });

  it('write shares in per cent with two digits where they are small', () => {
    expect([0, 0.000312, 0.0243, 0.0999, 0.834, 1].map(formatPercent)).toEqual([
      '0 %',
      '0.031 %',
      '2.4 %',
      '10 %',
      '83 %',
      '100 %',
    ]);
    expect(formatRange(0.2, 0.83, formatPercent)).toBe('20 % to 83 %');
    expect(formatRange(0.2, 0.2001, formatPercent)).toBe('20 %');
  });

  it('say durations and sizes in the unit a person would take', () => {
    expect([0, 0.000123, 0.0042, 0.42, 12.34, 59.97, 245, 7800, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual([
      '0 ms',
      '0.12 ms',
      '4 ms',
      '0.42 s',
      '12.3 s',
      '1 min 00 s',
      '4 min 05 s',
      '2 h 10 min',
      'unknown',
    ]);
    expect([512, 1536, 1024 ** 2 - 1, 8 * 1024 ** 3].map(formatBytes)).toEqual([
      '512 B',
      '1.5 KiB',
      '1.0 MiB',
      '8.0 GiB',
    ]);
  });
});
