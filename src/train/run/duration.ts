import { InputError } from '../../base/errors.ts';

const units = { st: 'steps', ep: 'epochs', ex: 'examples', tok: 'tokens' } as const;

/** A length of training: `500st`, `3ep`, `50000ex`, `1e6tok`. */
export interface Duration {
  readonly amount: number;
  readonly unit: keyof typeof units;
}

/** Throws InputError of `key` when `text` is no length of training. */
export function parseDuration(text: string, key: string): Duration {
  const match = /^(\d+(?:\.\d+)?(?:e\d+)?)(st|ep|ex|tok)$/i.exec(text.trim());
  if (!match) {
    throw new InputError(key, `expected a duration such as 500st, 3ep, 50000ex or 1e6tok, got "${text}"`);
  }
  return { amount: Number(match[1]), unit: match[2]!.toLowerCase() as Duration['unit'] };
}
