/** The splits of data, in the order of tables. */
export const allSplits = ['train', 'valid', 'test'] as const;

/** One of them. */
export type Split = (typeof allSplits)[number];
