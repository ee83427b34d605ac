import type { Metric, RunConfig, RunResult } from '../../train/index.ts';
import { formatCount, formatDuration, formatNumber } from '../numbers.ts';

/** What a run came to, and on what. */
export interface TrainingOutcome {
  readonly config: Pick<RunConfig, 'seed'>;
  readonly result: Pick<RunResult, 'status' | 'steps' | 'epochs' | 'seconds' | 'final'>;
  readonly metric: Metric;
  /** What the run was judged on as it went, e.g. `test split`. */
  readonly heldOut: string;
}

export const metricNames: Readonly<Record<Metric, string>> = {
  accuracy: 'accuracy',
  meanIoU: 'mean intersection over union',
  perplexity: 'perplexity',
};

export function metricValue(metric: Metric, value: number): string {
  return metric === 'accuracy' ? `${(100 * value).toFixed(2)} %` : formatNumber(value, 4);
}

/** What came of the run, in a sentence. */
export function trainingAnswer({ config, result, metric, heldOut }: TrainingOutcome): string {
  const { status, steps, epochs, final, seconds } = result;
  const judged =
    final.valMetric === undefined
      ? `a training loss of ${formatNumber(final.trainLoss)}`
      : `${metricNames[metric]} ${metricValue(metric, final.valMetric)} on the ${heldOut}`;
  const ended = status === 'complete' ? 'reached' : `is ${status} and has`;
  return `The run ${ended} ${judged} after ${formatCount(steps)} steps (${formatNumber(epochs)} epochs, ${formatDuration(seconds)}); it is one run, seed ${config.seed}, so how much of that is chance is not known.`;
}
