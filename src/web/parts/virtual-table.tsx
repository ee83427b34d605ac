/** A table of which only the rows in sight are drawn. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Of the grid: `80px`, `1fr`. */
  readonly width: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are sorted by; without it they cannot be. */
  readonly by?: (row: Row) => number | string | null;
  readonly number?: boolean;
}

export interface Sorting {
  readonly key: string;
  readonly down: boolean;
}

interface VirtualTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting) => void;
}

const rowHeight = 32;
/** Rows drawn beyond what is in sight. */
const beyond = 8;

/** Sorted by a column; what has no value comes last, whichever way. */
export function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | undefined,
): readonly Row[] {
  const by = columns.find((c) => c.key === sorting?.key)?.by;
  if (!by || !sorting) return rows;
  const sign = sorting.down ? -1 : 1;
  return rows
    .map((row) => ({ row, value: by(row) }))
    .sort(({ value: a }, { value: b }) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null);
      return (
        sign *
        (typeof a === 'number' && typeof b === 'number'
          ? a - b
          : String(a) < String(b)
            ? -1
            : String(a) > String(b)
              ? 1
              : 0)
      );
    })
    .map(({ row }) => row);
}

export function VirtualTable<Row>({ label, rows, columns, keyOf, sorting, onSort }: VirtualTableProps<Row>) {
  const place = useRef<HTMLDivElement>(null);
  const [from, setFrom] = useState(0);
  const [height, setHeight] = useState(480);
  useEffect(() => {
    const here = place.current;
    if (!here) return;
    const sizes = new ResizeObserver(() => setHeight(here.clientHeight));
    sizes.observe(here);
    return () => sizes.disconnect();
  }, []);
  const first = Math.max(0, Math.min(Math.floor(from / rowHeight) - beyond, rows.length));
  const last = Math.min(rows.length, Math.ceil((from + height) / rowHeight) + beyond);
  const grid = { gridTemplateColumns: columns.map((c) => c.width).join(' ') };
  return (
    <div
      class="virtual"
      ref={place}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabindex={0}
      onScroll={(e) => setFrom(e.currentTarget.scrollTop)}
    >
      <div class="row heads" role="row" aria-rowindex={1} style={grid}>
        {columns.map(({ key, title, by, number }) => (
          <span
            key={key}
            role="columnheader"
            class={number ? 'number' : ''}
            aria-sort={sorting?.key === key ? (sorting.down ? 'descending' : 'ascending') : 'none'}
          >
            {by ? (
              <button type="button" onClick={() => onSort({ key, down: sorting?.key === key && !sorting.down })}>
                {title}
                {sorting?.key === key ? (sorting.down ? ' ↓' : ' ↑') : ''}
              </button>
            ) : (
              title
            )}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: `${rowHeight * rows.length}px`, position: 'relative' }}>
        {rows.slice(first, last).map((row, i) => (
          <div
            class="row"
            role="row"
            key={keyOf(row)}
            aria-rowindex={first + i + 2}
            style={{ ...grid, transform: `translateY(${(first + i) * rowHeight}px)` }}
          >
            {columns.map(({ key, cell, number }) => (
              <span key={key} role="cell" class={number ? 'number' : ''}>
                {cell(row)}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
