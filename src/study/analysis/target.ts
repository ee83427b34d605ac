import { largestOf, quantile } from '../../base/statistics.ts';
import type { Target } from '../../schema/index.ts';
import type { Direction, MeasuredTrial, MeasuredWorkload, Quantity, TargetSpec } from '../measured/measured.ts';
import { curveOf } from './curve.ts';
import { medianOf } from './spread.ts';

export type { Target };

/** A target that trials can be held against. */
export interface KnownTarget extends Target {
  readonly value: number;
}

export const isKnown = (target: Target): target is KnownTarget => target.value !== null;

const quantityName: Readonly<Record<Quantity, string>> = {
  trainLoss: 'training loss',
  valLoss: 'held-out loss',
  valMetric: 'held-out metric',
};

/** `held-out accuracy` where the workload says what its metric is. */
export function nameOfQuantity(quantity: Quantity, workload: Pick<MeasuredWorkload, 'metric'>): string {
  return quantity === 'valMetric' && workload.metric ? `held-out ${workload.metric.name}` : quantityName[quantity];
}

export const directionOf = (quantity: Quantity, workload: Pick<MeasuredWorkload, 'metric'>): Direction =>
  quantity === 'valMetric' ? (workload.metric?.direction ?? 'max') : 'min';

export const reaches = (value: number, { direction, value: target }: KnownTarget): boolean =>
  direction === 'min' ? value <= target : value >= target;

export const isBetter = (a: number, b: number, direction: Direction): boolean => (direction === 'min' ? a < b : a > b);

/** The best value of a curve; null for an empty one. */
export function bestOf(values: readonly number[], direction: Direction): number | null {
  return values.length === 0 ? null : values.reduce((best, v) => (isBetter(v, best, direction) ? v : best));
}

const countsForTargets = ({ status }: MeasuredTrial) => status === 'complete' || status === 'stopped';

/**
 * The targets of a workload with their values, from its trials.
 *
 * The paper (arXiv 1811.12941) takes "the lowest quartile of the losses that the largest batch reaches, per configuration" and leaves
 * open which trials and which losses. Ours: a configuration is a workload; of the trials at the largest batch size with an ended,
 * finite one (any strategy, rate and seed) the one whose best value is best; the q-quantile of all its evaluated values after step 0, linear between
 * sorted values (from the other end for a metric of which more is better). So at least one trial of the largest batch reaches it: the rule favours large batches.
 */
export function resolveTargets(workload: MeasuredWorkload, trials: readonly MeasuredTrial[]): Target[] {
  return workload.targets.map((spec) => resolveTarget(spec, workload, trials));
}

function resolveTarget(spec: TargetSpec, workload: MeasuredWorkload, trials: readonly MeasuredTrial[]): Target {
  const { name, quantity, rule } = spec;
  const direction = directionOf(quantity, workload);
  const what = nameOfQuantity(quantity, workload);
  const base = { name, quantity, direction, reason: null };
  if (rule.kind === 'absolute') return { ...base, value: rule.value, rule: `absolute: ${what} ${rule.value}` };
  const share = `${Number((100 * rule.q).toPrecision(4))} %`;
  const candidates = trials.filter(countsForTargets).flatMap((trial) => {
    const values = curveOf(trial, quantity).flatMap((p) => (p.step > 0 ? [p.value] : []));
    const best = bestOf(values, direction);
    return best === null ? [] : [{ trial, values, best }];
  });
  if (candidates.length === 0)
    return { ...base, value: null, rule: `best ${share} of the largest batch`, reason: `no ended trial has a ${what}` };
  const largest = largestOf(candidates.map((c) => c.trial.batchSize));
  const chosen = candidates
    .filter((c) => c.trial.batchSize === largest)
    .reduce((a, b) => (isBetter(b.best, a.best, direction) ? b : a));
  const sorted = Float64Array.from(chosen.values).sort();
  return {
    ...base,
    value: quantile(sorted, direction === 'min' ? rule.q : 1 - rule.q),
    rule: `best ${share} of the ${what} values of the best trial at the largest batch, ${largest} (${chosen.trial.strategy})`,
  };
}

/**
 * How deep a target lies: the share that it is of the way from the value at the start (median over trials) to the best one of any trial. The same value is another task where the
 * data are harder, so targets are compared at equal depth. Null where the start was not evaluated, or where the best trial was stopped (at the target, mostly): then nobody
 * knows how much farther it would have come.
 */
export function depthOf({ quantity, direction, value }: KnownTarget, trials: readonly MeasuredTrial[]): number | null {
  const starts: number[] = [];
  let best: { readonly value: number; readonly stopped: boolean } | null = null;
  for (const trial of trials) {
    const curve = curveOf(trial, quantity);
    if (curve[0]?.step === 0) starts.push(curve[0].value);
    const own = countsForTargets(trial)
      ? bestOf(
          curve.map((p) => p.value),
          direction,
        )
      : null;
    if (own !== null && (best === null || isBetter(own, best.value, direction)))
      best = { value: own, stopped: trial.status === 'stopped' };
  }
  if (starts.length === 0 || best === null || best.stopped) return null;
  const start = medianOf(starts);
  return best.value === start ? null : (value - start) / (best.value - start);
}
