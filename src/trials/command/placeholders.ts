/** What a command, its arguments and its environment may hold of a trial: `${batch}` and the like. Words are put in as they are; no shell ever sees them. */

/** Every placeholder, with what it stands for: for people, and the list that names are held against. */
export const placeholders = {
  batch: 'examples of a step',
  microBatch: 'examples in memory at a time',
  accumulate: 'micro-batches of a step',
  lr: 'the rate, after the strategy’s rule',
  seed: 'seed of the repeat',
  steps: 'steps of the budget',
  examples: 'examples of the budget',
  epochs: 'epochs of the budget, whole ones, enough for its steps',
  warmup: 'steps of the warm-up; 0 without one',
  weightDecay: 'settings.weightDecay of the strategy or the workload',
  beta2: 'settings.beta2 of the strategy or the workload',
  dir: 'folder of the trial: what is written there is looked through for logs and checkpoints',
  here: 'folder of the study file',
  checkpoint: 'the newest checkpoint, where a trial goes on (in "resume" alone)',
  args: 'all of "args" as --name=value, an entry each',
  args_no_hyphens: 'all of "args" as name=value, an entry each',
  args_json_file: 'path of a JSON file with all of "args"',
} as const;

export type Placeholder = keyof typeof placeholders;

/** Those that stand for several entries of a command. */
export const listPlaceholders = ['args', 'args_no_hyphens'] as const;

const form = /\$(\$?)\{([^{}]*)\}/g;

/** Names between `${` and `}` in a text; `$${name}` is text and no placeholder. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(form)].flatMap(([, escaped, name]) => (escaped ? [] : [name!]));
}

/** The text with every placeholder replaced by what `valueNamed` says. What was put in is not looked through again. */
export const filledIn = (text: string, valueNamed: (name: string) => string): string =>
  text.replace(form, (whole, escaped: string, name: string) => (escaped ? whole.slice(1) : valueNamed(name)));
