import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvRows, cellsOfRow, columnNames } from '../../src/formats/csv.ts';

const cell = fc.string({ unit: fc.constantFrom('a', '7', ' ', ',', '"', '\n', 'é', ';') });
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** A table read line by line, as the readers of logs do. */
function parse(text: string, delimiter = ',') {
  const parser = new CsvRows('t.csv', delimiter);
  const rows: (readonly string[])[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const cells = parser.push(line, i + 1);
    if (cells && (cells.length > 1 || cells[0] !== ''))
      rows.push(
        rows.length === 0 ? columnNames(cells, 't.csv') : cellsOfRow(cells, rows[0]!.length, parser.start, 't.csv'),
      );
  }
  parser.end();
  const [columns, ...body] = rows;
  return { columns, rows: body };
}

describe('CSV', () => {
  it('gives back whatever was quoted, with either line ending and any delimiter', () => {
    const tables = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(',', ';', '\t'),
        fc.boolean(),
        (rows, end, delimiter, closed) => {
          const names = rows[0]!.map((_, i) => `c${i}`);
          const text = [names, ...rows].map((row) => row.map(quoted).join(delimiter)).join(end) + (closed ? end : '');
          expect(parse(text, delimiter)).toEqual({ columns: names, rows });
        },
      ),
    );
  });

  it('reads plain cells and empty ones, and leaves out empty cells beyond the columns', () => {
    expect(parse('a,b\r\n1,\r\n\r\n,x "y\n2,3,,\n')).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['1', ''],
        ['', 'x "y'],
        ['2', '3'],
      ],
    });
    expect(parse(',b\n1,2').columns).toEqual(['column 1', 'b']);
  });

  it('names the line of what is wrong', () => {
    expect(() => parse('a,a\n')).toThrow('t.csv: column "a" comes twice');
    expect(() => parse('a,b\n"x\ny",2\n1\n')).toThrow('t.csv: line 4 has 1 cells; expected 2');
    expect(() => parse('a,b\n1,"2')).toThrow('t.csv: line 2: a quote is opened and not closed');
    expect(() => parse('a,b\n"1"2,3')).toThrow('t.csv: line 2: text after a closing quote');
    expect(() => parse(`a,b\n"${'x'.repeat(30)}\n`.concat(`${'y'.repeat(999)}\n`.repeat(1100)))).toThrow(
      't.csv: line 2: a quote is opened and not closed within',
    );
  });
});
