import { type Kind, type Of, toDocument } from '../../schema/index.ts';

/** Prints a result with what it is and what was asked for, as one line of JSON. */
export function printDocument<K extends Kind>(
  kind: K,
  request: Of<K['request']> | null,
  result: Of<K['result']>,
): void {
  process.stdout.write(`${JSON.stringify(toDocument(kind, request, result))}\n`);
}
