import { UsageError } from '../../base/errors.ts';
import type { Quantity, TargetSpec } from '../measured/measured.ts';
import type { LogMapping } from './mapping.ts';

/** Targets as the mapping declares them; where it does not, the paper's rule (the lowest quartile) for every quantity that was logged. */
export function targetSpecs(declared: LogMapping['targets'], has: (quantity: Quantity) => boolean): TargetSpec[] {
  if (declared)
    return declared.map(({ name, quantity, value, quartile }) => {
      if ((value === undefined) === (quartile === undefined))
        throw new UsageError(`mapping: target ${name}: expected either a value or a quartile`);
      const rule =
        value !== undefined ? ({ kind: 'absolute', value } as const) : ({ kind: 'quartile', q: quartile! } as const);
      return { name, quantity, rule };
    });
  const all = [
    ['trainLoss', 'training loss'],
    ['valLoss', 'held-out loss'],
    ['valMetric', 'held-out metric'],
  ] as const;
  return all.flatMap(([quantity, what]) =>
    has(quantity) ? [{ name: `${what}, quartile`, quantity, rule: { kind: 'quartile', q: 0.25 } }] : [],
  );
}
