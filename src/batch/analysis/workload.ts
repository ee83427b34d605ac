import type { MeasuredTrial, MeasuredWorkload } from '../measured.ts';
import { type Contour, contourOf } from './contour.ts';
import type { BootstrapOptions } from './critical-batch.ts';
import { type GeneralizationRow, generalizationRows } from './generalization.ts';
import { keptRateTrials } from './kept-rate.ts';
import { type NoiseScaleRow, noiseScaleRows } from './noise-scale.ts';
import { analyseTarget, type TargetAnalysis } from './strategy.ts';
import { isKnown, type KnownTarget, resolveTargets, type Target } from './target.ts';

/** A strategy: what is said of the primary target, and the same for every target in `byTarget`. */
export interface StrategyReport extends TargetAnalysis {
  readonly name: string;
  /** `tuned`: the best rate of each batch size. `kept`: one base rate, the best at the smallest batch, at all of them (no trials of its own). */
  readonly rates: 'tuned' | 'kept';
  readonly byTarget: readonly TargetAnalysis[];
}

export interface WorkloadReport {
  readonly name: string;
  readonly model: string;
  readonly dataset: string;
  readonly fraction: number;
  readonly complexity: number | null;
  readonly examples: number;
  readonly parameters: number | null;
  readonly metric: MeasuredWorkload['metric'];
  readonly hardware: readonly string[];
  readonly trials: number;
  readonly targets: readonly Target[];
  /** The first declared target with a value: the one of `points`, `criticalBatch` and `breakpoints` directly under a strategy. */
  readonly primaryTarget: string | null;
  readonly strategies: readonly StrategyReport[];
  readonly noiseScale: readonly NoiseScaleRow[];
  readonly generalization: readonly GeneralizationRow[];
  readonly contours: readonly Contour[];
}

/** @param trials Of this workload. */
export function workloadReport(
  workload: MeasuredWorkload,
  trials: readonly MeasuredTrial[],
  bootstrap: BootstrapOptions | undefined,
): WorkloadReport {
  const { name, model, dataset, fraction, complexity, examples, parameters, metric } = workload;
  const targets = resolveTargets(workload, trials);
  const known = targets.filter(isKnown);
  const primary = known[0];
  const variants = primary ? variantsOf(trials, primary) : [];
  const strategies = variants.map((variant): StrategyReport => {
    const byTarget = known.map((target) => analyseTarget(variant.trials, target, bootstrap));
    return { name: variant.name, rates: variant.rates, ...byTarget[0]!, byTarget };
  });
  // What is kept has no trials of its own: noise, generalisation and contours are those of the tuned ones.
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
  readonly trials: readonly MeasuredTrial[];
}

function variantsOf(trials: readonly MeasuredTrial[], primary: KnownTarget): Variant[] {
  return [...new Set(trials.map((t) => t.strategy))].flatMap((name) => {
    const own = trials.filter((t) => t.strategy === name);
    const kept = keptRateTrials(own, primary);
    return [
      { name, rates: 'tuned' as const, trials: own },
      ...(kept ? [{ name: `${name}, rate kept`, rates: 'kept' as const, trials: kept.trials }] : []),
    ];
  });
}
