import { UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import { findQuantity } from '../readers/index.ts';
import { knownMapQuantities, type Mapped, type MapQuantity, mappedBy } from './mapped.ts';

/** How each quantity follows from what is logged. */
export type Recognition = ReadonlyMap<MapQuantity, Mapped>;

/** Names of the values of a trial, which a mapping may use beside what is logged. */
export const trialNames = ['batch', 'microBatch', 'accumulate', 'lr'] as const;

/** The mapping of a study file. Throws UsageError for one that says nothing. */
export const declared = (map: Readonly<Partial<Record<MapQuantity, string>>>): Recognition =>
  new Map(Object.entries(map).map(([quantity, text]) => [quantity as MapQuantity, mappedBy(text)]));

/** Holds a mapping against the names that are logged: what the study file says, else the names that are known. */
export interface Recognized {
  readonly recognition: Recognition;
  /** Quantities that may be under several names, with those. */
  readonly ambiguous: ReadonlyMap<MapQuantity, readonly string[]>;
}

export function recognize(said: Recognition, names: ReadonlySet<string>): Recognized {
  const recognition = new Map(said);
  const ambiguous = new Map<MapQuantity, readonly string[]>();
  const taken = new Set([...said.values()].flatMap((m) => (names.has(m.text.trim()) ? [m.text.trim()] : [])));
  const free = [...names].filter((name) => !taken.has(name));
  for (const quantity of knownMapQuantities) {
    if (recognition.has(quantity)) continue;
    const found = findQuantity(quantity, free);
    if (found.kind === 'found') recognition.set(quantity, exactly(found.name));
    else if (found.kind === 'ambiguous') ambiguous.set(quantity, found.names);
  }
  return { recognition, ambiguous };
}

/** A name as a whole, whatever stands in it. */
const exactly = (name: string): Mapped => ({ text: name, names: [name], valueOf: (number) => number(name) });

/** `it logs "a", "b"`. */
export function describeNames(names: Iterable<string>): string {
  const all = [...names];
  const more = all.length > 20 ? ` and ${all.length - 20} more` : '';
  return `it logs ${all.slice(0, 20).map(quote).join(', ') || 'nothing'}${more}`;
}

/** Throws UsageError that says what to write into the study file for quantities without which no curve can be drawn. */
export function requireCurve({ recognition, ambiguous }: Recognized, names: Iterable<string>): void {
  const list = describeNames(names);
  for (const [quantity, found] of ambiguous)
    throw new UsageError(
      `${quantity} may be ${found.map(quote).join(' or ')}; say which in the study file, map: { ${quantity}: ${quote(found[0]!)} }`,
    );
  if (!recognition.has('step') && !recognition.has('examples') && !recognition.has('epoch'))
    throw new UsageError(
      `nothing that it logs says the step; say what does, map: { step: NAME } (or examples, or epoch); ${list}`,
    );
  if (!['trainLoss', 'valLoss', 'valMetric'].some((q) => recognition.has(q as MapQuantity)))
    throw new UsageError(
      `nothing that it logs is known as a loss or a metric; say what is, map: { valLoss: NAME } (or trainLoss, valMetric); ${list}`,
    );
}
