import type { MeasuredTrial } from '../measured/measured.ts';
import { type CurvePoint, curveOf, smoothed } from './curve.ts';
import { bestOf, type KnownTarget, reaches } from './target.ts';

/** Where a curve first meets a target. */
export interface Crossing {
  readonly step: number;
  readonly epoch: number;
  readonly examples: number;
  readonly seconds: number;
  /** `interpolated` between two evaluations; `first`: the first one after the start was already there, so all that is known is that the truth is at most there. */
  readonly resolution: 'interpolated' | 'first';
}

/**
 * What became of a trial with respect to a target. `censored`: it ended, or was stopped, after `steps` without reaching the target.
 * `infeasible`: it diverged, wherever it had been before. `pending`: it has not ended and has not reached the target yet.
 */
export type Outcome =
  | { readonly kind: 'reached'; readonly first: Crossing; readonly smoothed: Crossing | null }
  | { readonly kind: 'censored'; readonly steps: number; readonly best: number | null }
  | { readonly kind: 'infeasible' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'pending' };

/**
 * First touch: linear in steps between the last evaluation that misses the target and the first that meets it; epochs, examples
 * and seconds at the same share of the way. Null where no evaluation meets it.
 */
export function crossingOf(curve: readonly CurvePoint[], target: KnownTarget): Crossing | null {
  // What holds at the start is nothing that training has reached.
  const at = curve.findIndex((p) => p.step > 0 && reaches(p.value, target));
  const after = curve[at];
  if (!after) return null;
  const before = curve[at - 1];
  if (!before || reaches(before.value, target)) {
    const { step, epoch, examples, seconds } = after;
    return { step, epoch, examples, seconds, resolution: 'first' };
  }
  const share = (target.value - before.value) / (after.value - before.value);
  const between = (key: 'step' | 'epoch' | 'examples' | 'seconds') => before[key] + share * (after[key] - before[key]);
  return {
    step: between('step'),
    epoch: between('epoch'),
    examples: between('examples'),
    seconds: between('seconds'),
    resolution: before.step > 0 ? 'interpolated' : 'first',
  };
}

/** Trials are judged many times: for each strategy, statement and base. Both are immutable, so what was found stays true. */
const judged = new WeakMap<MeasuredTrial, WeakMap<KnownTarget, Outcome>>();

export function outcomeOf(trial: MeasuredTrial, target: KnownTarget): Outcome {
  const known = judged.get(trial) ?? new WeakMap<KnownTarget, Outcome>();
  judged.set(trial, known);
  const outcome = known.get(target) ?? judge(trial, target);
  known.set(target, outcome);
  return outcome;
}

function judge(trial: MeasuredTrial, target: KnownTarget): Outcome {
  if (trial.status === 'infeasible') return { kind: 'infeasible' };
  const curve = curveOf(trial, target.quantity);
  const first = crossingOf(curve, target);
  if (first) return { kind: 'reached', first, smoothed: crossingOf(smoothed(curve), target) };
  switch (trial.status) {
    case 'queued':
    case 'running':
      return { kind: 'pending' };
    case 'failed':
      return { kind: 'failed' };
    case 'complete':
    case 'stopped':
      return {
        kind: 'censored',
        steps: curve.at(-1)?.step ?? 0,
        best: bestOf(
          curve.map((p) => p.value),
          target.direction,
        ),
      };
  }
}
