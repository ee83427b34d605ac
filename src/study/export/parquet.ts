import { parquetWriteBuffer } from 'hyparquet-writer';
import type { MeasurementTable } from './table.ts';

const whole = new Set(['batch_size', 'seed', 'budget_steps', 'step']);
const texts = new Set(['workload', 'model', 'dataset', 'strategy', 'trial', 'status', 'hardware']);

/** A table as Apache Parquet: text, 32-bit whole numbers and doubles, null for what was not measured. */
export function parquetOf({ columns, rows }: MeasurementTable): Uint8Array {
  const data = columns.map((): unknown[] => []);
  for (const row of rows) {
    row.forEach((cell, i) => {
      data[i]!.push(cell);
    });
  }
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map((name, i) => ({
        name,
        data: data[i]!,
        type: texts.has(name) ? ('STRING' as const) : whole.has(name) ? ('INT32' as const) : ('DOUBLE' as const),
        nullable: true,
      })),
    }),
  );
}
