import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { painter } from '../../../src/report/terminal/terminal-color.ts';
import { fitted, terminalWidth, unpainted, visibleLength } from '../../../src/report/terminal/terminal-width.ts';
import { alignColumns } from '../../../src/report/terminal/text-table.ts';

describe('the width of a terminal', () => {
  it('is that of a terminal, and of nothing else', () => {
    expect(terminalWidth({ isTTY: true, columns: 80 })).toBe(80);
    expect(terminalWidth({ isTTY: true, columns: 3 })).toBe(40);
    expect(terminalWidth({ columns: 80 })).toBeUndefined();
  });

  it('breaks lines at blanks, paint aside, and loses no word', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 30, max: 90 }), fc.boolean(), (list, width, color) => {
        const text = fitted(painter(color)(`  ${list.join(' ')}`, 'dim'), width);
        for (const line of text.split('\n')) expect(visibleLength(line)).toBeLessThanOrEqual(width);
        expect(unpainted(text).split(/\s+/).filter(Boolean)).toEqual(list);
      }),
    );
  });
});

describe('the columns of a table', () => {
  const rows = [
    ['unit', 'largest', 'smallest', 'seconds'],
    ['layer1', '1.23', '0.01', '12'],
  ];

  it('are all there without a width, and where there is room', () => {
    expect(alignColumns(rows, { width: 34 })).toEqual(alignColumns(rows));
  });

  it('go in the order asked for, then from the right, and the head says how many', () => {
    expect(alignColumns(rows, { width: 32, drop: [2] })).toEqual(['unit    largest  +2 hidden', 'layer1     1.23']);
    expect(alignColumns(rows, { width: 12 })[1]).toBe('layer1');
  });

  it('are never wider than the terminal', () => {
    const cell = fc.stringMatching(/^[a-z0-9]{0,14}$/);
    const table = fc
      .integer({ min: 1, max: 9 })
      .chain((n) => fc.array(fc.array(cell, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(table, fc.integer({ min: 28, max: 100 }), (cells, width) => {
        for (const line of alignColumns(cells, { width })) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });
});
