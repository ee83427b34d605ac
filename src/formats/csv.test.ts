import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

const cell = fc.string({ unit: fc.constantFrom('a', '7', ' ', ',', '"', '\n', 'é', ';') });
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe('CSV', () => {
  it('gives back whatever was quoted, with either line ending', () => {
    const tables = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(tables, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, end, closed) => {
        const names = rows[0]!.map((_, i) => `c${i}`);
        const text = [names, ...rows].map((row) => row.map(quoted).join(',')).join(end) + (closed ? end : '');
        expect(parseCsv(text, 't.csv')).toEqual({ columns: names, rows });
      }),
    );
  });

  it('reads plain cells, empty ones and a byte-order mark, and skips empty lines', () => {
    expect(parseCsv('\ufeffa,b\r\n1,\r\n\r\n,x y\n', 't.csv')).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['1', ''],
        ['', 'x y'],
      ],
    });
  });

  it('names the line of what is wrong', () => {
    expect(() => parseCsv('', 't.csv')).toThrow('t.csv: is empty');
    expect(() => parseCsv('a,a\n', 't.csv')).toThrow('t.csv: column "a" comes twice');
    expect(() => parseCsv('a,b\n"x\ny",2\n1\n', 't.csv')).toThrow('t.csv: line 4 has 1 cells; expected 2');
    expect(() => parseCsv('a,b\n1,"2', 't.csv')).toThrow('t.csv: line 2: a quote is opened and not closed');
    expect(() => parseCsv('a,b\n"1"2,3', 't.csv')).toThrow('t.csv: line 2: text after a closing quote');
  });
});
