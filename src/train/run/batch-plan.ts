import { InputError, UsageError } from '../../base/errors.ts';
import { type Duration, parseDuration } from './duration.ts';

/** A batch that grows by a factor at some points instead of a rate that falls (Smith et al. 2017, arXiv 1711.00489). */
export interface BatchGrowth {
  /** A whole number of at least 2. */
  readonly factor: number;
  readonly at: readonly Duration[];
}

export interface BatchPlanSettings {
  readonly batchSize: number;
  /** Examples in an epoch. */
  readonly examples: number;
  /** Tokens in an example, where examples are text. */
  readonly tokens?: number;
  readonly growth?: BatchGrowth;
}

interface Phase {
  readonly firstStep: number;
  readonly firstExample: number;
  readonly batchSize: number;
}

/** How many examples each step takes, and so where every duration ends: a pure function of the step. */
export class BatchPlan {
  readonly #settings: BatchPlanSettings;
  readonly #phases: readonly Phase[];

  /** Throws UsageError for growth that is none, or points that do not follow one another. */
  constructor(settings: BatchPlanSettings) {
    this.#settings = settings;
    const phases: Phase[] = [{ firstStep: 0, firstExample: 0, batchSize: settings.batchSize }];
    const { factor, at } = settings.growth ?? { factor: 2, at: [] };
    if (!Number.isInteger(factor) || factor < 2)
      throw new InputError('growBatch', `expected a whole number of at least 2, got ${factor}`);
    for (const point of at) {
      const last = phases.at(-1)!;
      const firstStep = stepsIn(phases, this.#examplesIn(point));
      if (firstStep <= last.firstStep) throw new InputError('growAt', 'expected durations in growing order');
      const firstExample = last.firstExample + (firstStep - last.firstStep) * last.batchSize;
      phases.push({ firstStep, firstExample, batchSize: last.batchSize * factor });
    }
    this.#phases = phases;
  }

  #phaseAt(step: number): Phase {
    return this.#phases.findLast((phase) => phase.firstStep <= step)!;
  }

  /** Examples of a step. */
  batchSizeAt(step: number): number {
    return this.#phaseAt(step).batchSize;
  }

  /** Examples of all steps before this one. */
  examplesBefore(step: number): number {
    const { firstStep, firstExample, batchSize } = this.#phaseAt(step);
    return firstExample + (step - firstStep) * batchSize;
  }

  /** A duration from the beginning on in whole steps, rounded up. Throws UsageError for tokens where there are none. */
  steps(text: string, key: string): number {
    return stepsIn(this.#phases, this.#examplesIn(parseDuration(text, key)));
  }

  /** Whether something that is done every `text` is due after `step` steps: at multiples, or at the first step beyond one. */
  every(text: string, key: string): (step: number) => boolean {
    const period = this.#examplesIn(parseDuration(text, key));
    const periods = (step: number) =>
      'steps' in period
        ? Math.floor(step / Math.max(1, Math.round(period.steps)))
        : Math.floor(this.examplesBefore(step) / period.examples + 1e-9);
    return (step) => periods(step) > periods(step - 1);
  }

  #examplesIn({ amount, unit }: Duration): { steps: number } | { examples: number } {
    const { examples, tokens } = this.#settings;
    switch (unit) {
      case 'st':
        return { steps: amount };
      case 'ep':
        return { examples: amount * examples };
      case 'ex':
        return { examples: amount };
      case 'tok':
        if (!tokens) throw new UsageError('a duration in tokens needs a language model');
        return { examples: amount / tokens };
    }
  }
}

function stepsIn(phases: readonly Phase[], duration: { steps: number } | { examples: number }): number {
  if ('steps' in duration) return Math.ceil(duration.steps);
  const { firstStep, firstExample, batchSize } = phases.findLast((p) => p.firstExample <= duration.examples)!;
  return firstStep + Math.ceil((duration.examples - firstExample) / batchSize - 1e-9);
}
