import { UsageError } from '../../base/errors.ts';
import { adam, sgd } from './elementwise.ts';
import { lamb, lars } from './layerwise.ts';
import { type OptimizerName, optimizerNames, optionsOf } from './names.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export { optimizerNames, type ParameterGroup, parameterGroups } from './names.ts';
export type { Optimizer, OptimizerOptions } from './optimizer.ts';

const makers: Readonly<Record<OptimizerName, (options: OptimizerOptions) => Optimizer>> = {
  sgd: (o) => sgd('sgd', o, false),
  momentum: (o) => sgd('momentum', { momentum: 0.9, ...o }, false),
  nesterov: (o) => sgd('nesterov', { momentum: 0.9, ...o }, true),
  adam: (o) => adam('adam', o, false),
  adamw: (o) => adam('adamw', { weightDecay: 0.01, ...o }, true),
  lars,
  lamb,
};

const options: Readonly<Record<OptimizerName, readonly (keyof OptimizerOptions)[]>> = optionsOf;

/** The options that the optimizer of this name understands. Throws UsageError for an unknown one. */
export const optimizerOptions = (name: string): readonly (keyof OptimizerOptions)[] => options[known(name)];

/** The optimizer of this name. Throws UsageError for an unknown one, and for an option that it does not understand. */
export function optimizerNamed(name: string, given: OptimizerOptions = {}): Optimizer {
  const own = optimizerOptions(name);
  const foreign = Object.keys(given).find((option) => !(own as readonly string[]).includes(option));
  if (foreign) throw new UsageError(`optimizer ${name} has no option "${foreign}"; it has ${own.join(', ')}`);
  return makers[known(name)](given);
}

function known(name: string): OptimizerName {
  if (!Object.hasOwn(optionsOf, name))
    throw new UsageError(`unknown optimizer "${name}"; expected ${optimizerNames.join(', ')}`);
  return name as OptimizerName;
}
