import { UsageError } from '../../base/errors.ts';
import { adam, sgd } from './elementwise.ts';
import { lamb, lars } from './layerwise.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export { type ParameterGroup, parameterGroups } from './groups.ts';
export type { Optimizer, OptimizerOptions } from './optimizer.ts';

interface Entry {
  /** The options that it understands. */
  readonly options: readonly (keyof OptimizerOptions)[];
  make(options: OptimizerOptions): Optimizer;
}

const sgdOptions = ['momentum', 'weightDecay', 'decayOn'] as const;
const momentOptions = ['beta1', 'beta2', 'epsilon', 'weightDecay'] as const;
const adamOptions = [...momentOptions, 'decayOn'] as const;

const known: Readonly<Record<string, Entry>> = {
  sgd: { options: sgdOptions, make: (o) => sgd('sgd', o, false) },
  momentum: { options: sgdOptions, make: (o) => sgd('momentum', { momentum: 0.9, ...o }, false) },
  nesterov: { options: sgdOptions, make: (o) => sgd('nesterov', { momentum: 0.9, ...o }, true) },
  adam: { options: adamOptions, make: (o) => adam('adam', o, false) },
  adamw: { options: adamOptions, make: (o) => adam('adamw', { weightDecay: 0.01, ...o }, true) },
  lars: { options: ['momentum', 'weightDecay', 'trust', 'adaptOn'], make: lars },
  lamb: { options: [...momentOptions, 'adaptOn'], make: lamb },
};

/** Names of the update rules. */
export const optimizerNames = Object.keys(known);

/** The options that the optimiser of this name understands. Throws UsageError for an unknown one. */
export function optimizerOptions(name: string): Entry['options'] {
  return entryOf(name).options;
}

/** The optimiser of this name. Throws UsageError for an unknown one, and for an option that it does not understand. */
export function optimizerNamed(name: string, options: OptimizerOptions = {}): Optimizer {
  const entry = entryOf(name);
  const foreign = Object.keys(options).find((option) => !(entry.options as readonly string[]).includes(option));
  if (foreign) throw new UsageError(`optimiser ${name} has no option "${foreign}"; it has ${entry.options.join(', ')}`);
  return entry.make(options);
}

function entryOf(name: string): Entry {
  const entry = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!entry) throw new UsageError(`unknown optimiser "${name}"; expected ${optimizerNames.join(', ')}`);
  return entry;
}
