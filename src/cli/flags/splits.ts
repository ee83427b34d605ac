import type { ThreeSplit } from '../../data/index.ts';

/** The splits of data, in the order of tables. */
export const allSplits = ['train', 'valid', 'test'] as const satisfies readonly ThreeSplit[];
