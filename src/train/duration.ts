import { UsageError } from '../errors.ts';

const units = { st: 'steps', ep: 'epochs', ex: 'examples', tok: 'tokens' } as const;

/** A length of training: `500st`, `3ep`, `50000ex`, `1e6tok`. */
export interface Duration {
  readonly amount: number;
  readonly unit: keyof typeof units;
}

/** Throws UsageError when `text` is no length of training; `option` opens the message. */
export function parseDuration(text: string, option: string): Duration {
  const match = /^(\d+(?:\.\d+)?(?:e\d+)?)(st|ep|ex|tok)$/i.exec(text.trim());
  if (!match) {
    throw new UsageError(`${option}: expected a duration such as 500st, 3ep, 50000ex or 1e6tok, got "${text}"`);
  }
  return { amount: Number(match[1]), unit: match[2]!.toLowerCase() as Duration['unit'] };
}

export interface StepSize {
  readonly batchSize: number;
  /** Examples in an epoch. */
  readonly examples: number;
  /** Tokens in an example, where examples are text. */
  readonly tokens?: number;
}

/** A duration in whole steps, rounded up. Throws UsageError for tokens where there are none. */
export function toSteps({ amount, unit }: Duration, { batchSize, examples, tokens }: StepSize): number {
  const perStep = { st: 1, ep: batchSize / examples, ex: batchSize, tok: tokens && batchSize * tokens }[unit];
  if (!perStep) throw new UsageError('a duration in tokens needs a language model');
  return Math.ceil(amount / perStep - 1e-9);
}
