import type { ScalingRule } from '../../train/index.ts';
import type { Budget, Rates, Settings, StrategyEntry, shortStrategies } from './study-schema.ts';

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

type Short = (typeof shortStrategies)[number];
const plain = { trainLonger: 1, tune: 'base' } as const;

/**
 * - `BLR`: the base rate is kept. `LSR`: linear scaling with a warm-up of five epochs (Goyal et al., 1706.02677). `SRSR`: square-root scaling
 *   (Hoffer et al., 1705.08741).
 * - `LARS`: linear scaling with the warm-up (You et al., 1708.03888). `LAMB`: square-root scaling with the warm-up (1904.00962).
 * - `tuned`: each batch size has the whole grid of rates to itself (Shallue et al., 1811.03600).
 */
const shortForms: Readonly<Record<Short, Omit<Strategy, 'name'>>> = {
  BLR: { ...plain, scaling: 'base', settings: {} },
  LSR: { ...plain, scaling: 'linear', settings: { warmup: '5ep' } },
  SRSR: { ...plain, scaling: 'sqrt', settings: {} },
  LARS: { ...plain, scaling: 'linear', settings: { warmup: '5ep', optimizer: 'lars' } },
  LAMB: { ...plain, scaling: 'sqrt', settings: { warmup: '5ep', optimizer: 'lamb' } },
  tuned: { ...plain, tune: 'each', scaling: 'base', settings: {} },
};

/** The strategy that an entry of the file stands for. */
export function strategyOf(entry: StrategyEntry): Strategy {
  if (typeof entry === 'string') return { name: entry, ...shortForms[entry] };
  const { like = 'BLR', warmup, settings, ...own } = entry;
  const base = shortForms[like];
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return {
    ...base,
    ...(given as Omit<Strategy, 'scaling' | 'settings' | 'trainLonger' | 'tune'>),
    settings: { ...base.settings, ...(warmup === undefined ? {} : { warmup }), ...settings },
  };
}
