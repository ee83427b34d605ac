import { FileError } from '../../errors.ts';
import { type ColumnName, knownNames } from './mapping.ts';

const words = { batchSize: 'batch size', step: 'step' } as const;

/**
 * Where each quantity is among the columns of a file: -1 for what it has not. Throws FileError for a column that is named and not there, and
 * where one of the `needed` is missing (examples stand in for steps).
 */
export function findColumns(
  columns: readonly string[],
  wanted: Readonly<Partial<Record<ColumnName, string | undefined>>>,
  needed: readonly (keyof typeof words)[],
  path: string,
): (name: ColumnName) => number {
  const found = new Map<ColumnName, number>();
  for (const key of Object.keys(knownNames) as ColumnName[]) {
    const named = wanted[key];
    if (named !== undefined && !columns.includes(named))
      throw new FileError(path, `has no column ${JSON.stringify(named)}; it has ${columns.join(', ')}`);
    const known = named ?? knownNames[key].find((n) => columns.includes(n));
    found.set(key, known === undefined ? -1 : columns.indexOf(known));
  }
  const missing = needed.find((key) => found.get(key)! < 0 && !(key === 'step' && found.get('examples')! >= 0));
  if (missing)
    throw new FileError(
      path,
      `has no column that says the ${words[missing]} (one of ${knownNames[missing].join(', ')}, or as the mapping names it); it has ${columns.join(', ')}`,
    );
  return (name) => found.get(name)!;
}

/** Empty cells and NaN are nothing measured; an infinite loss is kept, because it says that the trial diverged. */
export function numberAt(text: string | null, what: ColumnName, row: number, path: string): number | null {
  if (text === null || text.trim() === '' || /^(nan|null|none|na|n\/a)$/i.test(text.trim()))
    return text !== null && /^nan$/i.test(text.trim()) && what === 'trainLoss' ? Number.NaN : null;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text.trim());
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value))
    throw new FileError(path, `row ${row}: ${what} is ${JSON.stringify(text.slice(0, 40))}; expected a number`);
  return value;
}
