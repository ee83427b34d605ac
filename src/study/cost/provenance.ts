/** Whether a number was seen on this device, or follows from a model with numbers that were. */
export type Provenance = 'measured' | 'modelled';

/** A number that says where it comes from. There is no way from it to a plain number but `.value`, so the mark is never lost by accident. */
export interface Marked<P extends Provenance = Provenance> {
  readonly value: number;
  readonly provenance: P;
}

export const measured = (value: number): Marked<'measured'> => ({ value, provenance: 'measured' });
export const modelled = (value: number): Marked<'modelled'> => ({ value, provenance: 'modelled' });

/** What follows from numbers without any further assumption: measured when all of them are, modelled as soon as one is. */
export function derived(of: (...values: number[]) => number, ...from: readonly Marked[]): Marked {
  const value = of(...from.map((m) => m.value));
  return from.every((m) => m.provenance === 'measured') ? measured(value) : modelled(value);
}
