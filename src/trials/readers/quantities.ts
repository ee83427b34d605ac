/**
 * Under which names logs keep the quantities of a training, best first; names of one line with bars between them are equally good, so a log with two of them is ambiguous.
 * Names are compared without regard to case and to what is between their words (`Train/Loss`, `trainLoss`, `train loss`).
 */
export const knownNames = {
  trial: ['trial', 'trial_id', 'run', 'run_id', 'run_name', 'experiment'],
  rank: ['rank', 'global_rank', 'process_rank'],
  batchSize: ['global_batch_size|total_batch_size', 'batch_size', 'batch', 'bs', 'train_batch_size'],
  step: ['global_step|trainer_global_step', 'step', 'iteration', 'iter', 'steps', '_step'],
  epoch: ['epoch', 'epochs'],
  examples: ['examples|examples_seen', 'samples|samples_seen', 'tokens|tokens_seen|num_input_tokens_seen'],
  seconds: [
    'seconds',
    'time',
    'elapsed|elapsed_seconds|elapsed_time',
    'seconds_since_first_event',
    '_runtime',
    'wall_time',
    'relative_time',
    'timestamp',
    '_timestamp',
    'datetime',
  ],
  secondsPerStep: ['seconds_per_step|sec_per_step|step_seconds|step_time|time_per_step'],
  trainLoss: [
    'train_loss|loss_train|training_loss',
    'train_cross_entropy_error',
    'train_loss_step|train_loss_epoch',
    'loss',
  ],
  valLoss: [
    'val_loss|loss_val',
    'val_cross_entropy_error',
    'valid_loss|loss_valid',
    'validation_loss|loss_validation',
    'eval_loss|loss_eval',
    'test_loss|loss_test',
  ],
  valMetric: [
    'val_accuracy|accuracy_val',
    'val_metric',
    'val_acc|acc_val',
    'val_average_precision',
    'val_classification_error',
    'valid_accuracy',
    'validation_accuracy',
    'eval_accuracy',
    'test_accuracy|accuracy_test',
    'test_acc|acc_test',
    'accuracy',
    'val_error',
    'test_error',
    'val_perplexity|perplexity_val',
    'test_perplexity',
    'val_miou',
  ],
  learningRate: ['learning_rate', 'lr', 'base_lr', 'initial_learning_rate'],
  strategy: ['strategy', 'group', 'optimizer'],
  seed: ['seed', 'random_seed'],
  workload: ['workload'],
  model: ['model', 'architecture', 'arch'],
  dataset: ['dataset', 'data'],
  noiseScale: ['noise_scale'],
  gradNorm: ['grad_norm|gradient_norm'],
} as const satisfies Record<string, readonly string[]>;

/** A quantity of a training that a log may hold. */
export type LogQuantity = keyof typeof knownNames;

/** A name as it is compared: `Train/Loss`, `trainLoss` and `train_loss` are one. */
export const comparable = (name: string): string =>
  name
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s./-]+/g, '_')
    .toLowerCase();

/** Which name holds a quantity; or the names between which nothing chooses; or nothing. */
export type FoundName =
  | { readonly kind: 'found'; readonly name: string }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  | { readonly kind: 'absent' };

/** Finds a quantity among the names of a log. */
export function findQuantity(quantity: LogQuantity, names: Iterable<string>): FoundName {
  const byComparable = new Map<string, string[]>();
  for (const name of names) {
    const key = comparable(name);
    const alike = byComparable.get(key);
    if (alike) alike.push(name);
    else byComparable.set(key, [name]);
  }
  for (const rank of knownNames[quantity]) {
    const found = rank.split('|').flatMap((known) => byComparable.get(known) ?? []);
    if (found.length === 1) return { kind: 'found', name: found[0]! };
    if (found.length > 1) return { kind: 'ambiguous', names: found };
  }
  return { kind: 'absent' };
}
