/** What a result without a page has to show: a text for a terminal, or its values with commas between them. */
import { formatNumber } from '../../report/numbers.ts';

/** Rows of a table of values that are shown. */
const most = 200;

/** The cells of a text whose rows all have as many, with commas between them; undefined for any other text. */
function cellsOf(text: string): string[][] | undefined {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const width = rows[0]!.length;
  return width > 1 && rows.length > 1 && !text.includes('"') && rows.every((row) => row.length === width)
    ? rows
    : undefined;
}

const isNumber = (text: string) => text !== '' && Number.isFinite(Number(text));

export function PlainTable({ text }: { readonly text: string }) {
  const rows = cellsOf(text);
  if (!rows)
    return (
      <pre class="plain" tabindex={0}>
        {text}
      </pre>
    );
  const [heads, ...body] = rows;
  return (
    <div class="table" tabindex={0}>
      <table>
        <thead>
          <tr>
            {heads!.map((head) => (
              <th key={head}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, most).map((row, i) => (
            <tr key={String(i)}>
              {row.map((cell, j) => (
                <td key={heads![j]} title={cell}>
                  {isNumber(cell) ? formatNumber(Number(cell), 4) : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {body.length > most && <p class="note">{body.length - most} more rows are in its CSV.</p>}
    </div>
  );
}
