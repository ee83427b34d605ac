import { InvalidArgumentError } from 'commander';
import type { StudyDraft } from '../../../../app/study/index.ts';
import { printable } from '../../../../base/printable.ts';

type StudyTarget = NonNullable<StudyDraft['target']>;

/** A number above 0. */
export function positive(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !Number.isFinite(n) || n <= 0)
    throw new InvalidArgumentError(`expected a number above 0, got ${printable(JSON.stringify(text), 80)}.`);
  return n;
}

/** Such numbers with commas between them. */
export const positives = (text: string): number[] => text.split(',').map(positive);

/** Whole numbers from 0, with commas between them. */
export function seeds(text: string): number[] {
  const found = text.split(',').map(Number);
  if (!found.every((n) => Number.isInteger(n) && n >= 0))
    throw new InvalidArgumentError('expected seeds such as 0,1,2.');
  return found;
}

/** A quantity and the value that it is to reach: `valLoss=1.2`. */
export function target(text: string): StudyTarget {
  const [, quantity, value] = /^(trainLoss|valLoss|valMetric)\s*[=:]\s*(\S+)$/.exec(text.trim()) ?? [];
  const number = Number(value);
  if (quantity === undefined || !Number.isFinite(number))
    throw new InvalidArgumentError('expected a target such as valLoss=1.2, trainLoss=0.5 or valMetric=0.9.');
  return { quantity: quantity as 'valLoss', value: number };
}
