import { FileError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import { asNumber, findQuantity, knownNames, type LogQuantity, type LogValue } from '../../trials/index.ts';
import type { LogMapping } from './mapping.ts';
import { shown, shownList } from './shown.ts';

const words = {
  batchSize: 'batch size',
  step: 'step',
} as const;

/** Under which name each quantity is in a log, of those it has. */
export type Columns = ReadonlyMap<LogQuantity, string>;

/**
 * Finds quantities among the names in a log: as the mapping says, else by the names that are known. Throws FileError for a name of the mapping that is not there (unless `elsewhere` says that another log has it), and for
 * two names between which nothing chooses.
 */
export function findColumns(
  names: ReadonlySet<string>,
  wanted: LogMapping['columns'],
  path: string,
  elsewhere: (name: string) => boolean = () => false,
): Columns {
  const columns = new Map<LogQuantity, string>();
  const taken = new Set(Object.values(wanted));
  const free = [...names].filter((name) => !taken.has(name));
  for (const quantity of Object.keys(knownNames) as LogQuantity[]) {
    const named = wanted[quantity];
    if (named !== undefined) {
      if (names.has(named)) columns.set(quantity, named);
      else if (!elsewhere(named))
        throw new FileError(path, `has no column ${quote(named)}; it has ${shownList(names)}`);
      continue;
    }
    const found = findQuantity(quantity, free);
    if (found.kind === 'found') columns.set(quantity, found.name);
    else if (found.kind === 'ambiguous')
      throw new FileError(
        path,
        `${quantity} may be ${found.names.map(shown).join(' or ')}; say in the mapping which, as in columns: {${quantity}: ${quote(found.names[0]!)}}`,
      );
  }
  return columns;
}

/** The error for a log that lacks what no study can do without. */
export function missingColumn(quantity: keyof typeof words, names: Iterable<string>, path: string): FileError {
  const known = knownNames[quantity].flatMap((n) => n.split('|'));
  const instead =
    quantity === 'batchSize'
      ? 'no setting and no name such as bs64 says it either; set it for all runs, set: {batchSize: 64}, or name it, columns: {batchSize: NAME}'
      : 'examples would do, or epochs with the examples of an epoch (examples: 50000); or name it, columns: {step: NAME}';
  return new FileError(
    path,
    `has no column that says the ${words[quantity]} (one of ${known.join(', ')}); ${instead}; it has ${shownList(names)}`,
  );
}

/** Nothing measured is undefined; NaN and infinities are kept, because they say that a trial diverged. Throws FileError that names the row for what is no number. */
export function numberIn(
  value: LogValue | undefined,
  what: string,
  row: number,
  path: string,
  unit = 'row',
): number | undefined {
  if (value === undefined) return undefined;
  const number = asNumber(value);
  if (number === undefined)
    throw new FileError(path, `${unit} ${row}: ${what} is ${quote(String(value))}; expected a number`);
  return number;
}
