import { InputError } from '../../base/errors.ts';
import type { ScalingRule } from '../../train/index.ts';
import { type Budget, type Rates, type Settings, type StrategyEntry, strategyNames } from './study-schema.ts';

/** How a batch other than the base batch is trained. */
export interface Strategy {
  readonly name: string;
  readonly scaling: ScalingRule;
  readonly settings: Settings;
  /** Arguments of commands by name. */
  readonly args?: Readonly<Record<string, string | number | boolean>>;
  /** Examples that batch norm sees at a time. */
  readonly ghostBatch?: number;
  /** Factor of the budget. */
  readonly trainLonger: number;
  /** Where the best of several rates is searched: at the base batch, from which the rule carries it to the others, or at each batch size anew. */
  readonly tune: 'base' | 'each';
  readonly learningRates?: Rates;
  readonly batchSizes?: readonly number[];
  readonly budget?: Budget;
}

/** All that a short form of a strategy says of itself; what is left out is as with `BLR`. */
export interface StrategyDescription extends Partial<Omit<Strategy, 'name'>> {
  readonly name: string;
  /** For help and documentation, on a line. */
  readonly what: string;
}

const shortForms = new Map<string, Omit<Strategy, 'name'>>();

/** Makes a short form known: to study files and their schema. Throws InputError where there is one of its name. */
export function registerStrategy({ name, what, ...rest }: StrategyDescription): void {
  strategyNames.add(name, what);
  shortForms.set(name, { scaling: 'base', settings: {}, trainLonger: 1, tune: 'base', ...rest });
}

registerStrategy({ name: 'BLR', what: 'the base rate is kept' });
registerStrategy({
  name: 'LSR',
  what: 'linear scaling with a warm-up of five epochs (Goyal et al., 1706.02677)',
  scaling: 'linear',
  settings: { warmup: '5ep' },
});
registerStrategy({ name: 'SRSR', what: 'square-root scaling (Hoffer et al., 1705.08741)', scaling: 'sqrt' });
registerStrategy({
  name: 'LARS',
  what: 'LARS, linear scaling with the warm-up (You et al., 1708.03888)',
  scaling: 'linear',
  settings: { warmup: '5ep', optimizer: 'lars' },
});
registerStrategy({
  name: 'LAMB',
  what: 'LAMB, square-root scaling with the warm-up (You et al., 1904.00962)',
  scaling: 'sqrt',
  settings: { warmup: '5ep', optimizer: 'lamb' },
});
registerStrategy({
  name: 'tuned',
  what: 'each batch size has the whole grid of rates to itself (Shallue et al., 1811.03600)',
  tune: 'each',
});

function shortForm(name: string): Omit<Strategy, 'name'> {
  const found = shortForms.get(name);
  if (!found)
    throw new InputError('strategy', `unknown strategy "${name}"; expected ${strategyNames.names().join(', ')}`);
  return found;
}

/** The strategy that an entry of the file stands for. */
export function strategyOf(entry: StrategyEntry): Strategy {
  if (typeof entry === 'string') return { name: entry, ...shortForm(entry) };
  const { like = 'BLR', warmup, settings, ...own } = entry;
  const base = shortForm(like);
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return {
    ...base,
    ...(given as Omit<Strategy, 'scaling' | 'settings' | 'trainLonger' | 'tune'>),
    settings: { ...base.settings, ...(warmup === undefined ? {} : { warmup }), ...settings },
  };
}
