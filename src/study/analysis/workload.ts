import type { StrategyReport, WorkloadReport } from '../../schema/index.ts';
import type { MeasuredTrial, MeasuredWorkload } from '../measured/measured.ts';
import { type ComparableTrials, equalEffort, keptRateTrials, problemsOf } from './base-point.ts';
import { contourOf } from './contour.ts';
import { generalizationRows } from './generalization.ts';
import { noiseScaleRows } from './noise-scale.ts';
import { analyseTarget, batchGroups } from './strategy.ts';
import { isKnown, type KnownTarget, resolveTargets } from './target.ts';

export type { StrategyReport, WorkloadReport };

/** @param trials Of this workload. */
export function workloadReport(workload: MeasuredWorkload, trials: readonly MeasuredTrial[]): WorkloadReport {
  const { name, model, dataset, fraction, complexity, examples, parameters, metric } = workload;
  const targets = resolveTargets(workload, trials);
  const known = targets.filter(isKnown);
  const primary = known[0];
  const variants = primary ? variantsOf(trials, primary) : [];
  const strategies = variants.map((variant): StrategyReport => {
    const { name: own, rates, keptRate } = variant;
    const byTarget = known.map((target) => {
      const chosen = variant.of(target);
      return analyseTarget(chosen.trials, target, chosen.problems);
    });
    return { name: own, rates, keptRate, ...byTarget[0]!, byTarget };
  });
  // What is kept has no trials of its own: noise, generalization and contours are those of the tuned ones.
  const own = variants.flatMap((variant, i) =>
    variant.rates === 'tuned' ? [{ ...variant, analyses: strategies[i]!.byTarget }] : [],
  );
  const losses = known.findIndex((t) => t.quantity === 'trainLoss');
  const judgedBy = Math.max(0, losses);
  return {
    name,
    model,
    dataset,
    fraction,
    complexity,
    examples,
    parameters,
    metric,
    hardware: [...new Set(trials.flatMap((t) => t.hardware ?? []))],
    trials: trials.length,
    targets,
    primaryTarget: primary?.name ?? null,
    strategies,
    noiseScale: own.flatMap((v) => known.flatMap((t, i) => noiseScaleRows(v.name, v.trials, t, v.analyses[i]!))),
    generalization: own.flatMap((v) =>
      generalizationRows(v.name, v.trials, workload, known[judgedBy]!, v.analyses[judgedBy]!),
    ),
    contours: own.flatMap((v) => contourOf(v.name, v.trials, known[judgedBy]!, v.analyses[judgedBy]!) ?? []),
  };
}

interface Variant {
  readonly name: string;
  readonly rates: StrategyReport['rates'];
  readonly keptRate: number | null;
  /** Chosen by the primary target. */
  readonly trials: readonly MeasuredTrial[];
  /** The same trials with what is wrong with each batch size as a base, by another target. */
  readonly of: (target: KnownTarget) => ComparableTrials;
}

function variantsOf(trials: readonly MeasuredTrial[], primary: KnownTarget): Variant[] {
  return [...new Set(trials.map((t) => t.strategy))].flatMap((name) => {
    const own = trials.filter((t) => t.strategy === name);
    const groups = batchGroups(own, primary);
    const full = equalEffort(own, groups, primary);
    const kept = full.keptRate === null ? keptRateTrials(own, groups, primary) : null;
    const variant = (rates: Variant['rates'], chosen: ComparableTrials): Variant => ({
      name: rates === 'tuned' ? name : `${name}, rate kept`,
      rates,
      keptRate: chosen.keptRate,
      trials: chosen.trials,
      of: (target) =>
        target === primary
          ? chosen
          : { ...chosen, problems: problemsOf(batchGroups(own, target), target, chosen.keptRate) },
    });
    return [variant('tuned', full), ...(kept ? [variant('kept', kept)] : [])];
  });
}
