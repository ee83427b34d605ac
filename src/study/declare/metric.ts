import type { Metric } from '../../train/index.ts';
import type { MeasuredWorkload } from '../measured/measured.ts';

/** A task's metric, and which way is better. */
export function metricOf(name: Metric): NonNullable<MeasuredWorkload['metric']> {
  return { name, direction: name === 'perplexity' ? 'min' : 'max' };
}
