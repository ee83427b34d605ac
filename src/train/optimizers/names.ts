/** What update rules there are and what they understand, told without what makes their graphs: the help needs nothing else. */
const sgd = ['momentum', 'weightDecay', 'decayOn'] as const;
const moments = ['beta1', 'beta2', 'epsilon', 'weightDecay'] as const;

/** The options of each. */
export const optionsOf = {
  sgd,
  momentum: sgd,
  nesterov: sgd,
  adam: [...moments, 'decayOn'],
  adamw: [...moments, 'decayOn'],
  lars: ['momentum', 'weightDecay', 'trust', 'adaptOn'],
  lamb: [...moments, 'adaptOn'],
} as const;

export type OptimizerName = keyof typeof optionsOf;

/** Names of the update rules. */
export const optimizerNames = Object.keys(optionsOf) as readonly OptimizerName[];

/**
 * Which parameters something is for: `weights` are those of two or more dimensions, which leaves out biases and the scales of
 * normalization.
 */
export type ParameterGroup = (typeof parameterGroups)[number];
export const parameterGroups = ['all', 'weights'] as const;
