import { leastOf } from '../../statistics.ts';
import type { Contrast, Factor } from './comparison.ts';
import type { TargetAnalysis } from './strategy.ts';
import type { StrategyReport, WorkloadReport } from './workload.ts';

/** A statement of the paper (arXiv 1811.12941, in our words) held against a study. */
export interface Statement {
  readonly id: string;
  readonly statement: string;
  readonly verdict: 'holds' | 'does not hold' | 'mixed' | 'cannot be judged';
  /** Of the observations in `evidence`, those that agree with it. */
  readonly agreeing: number;
  /** What the verdict rests on, in numbers: an entry an observation, or why there is none. */
  readonly evidence: readonly string[];
}

/** The linear-approximation error of a strategy's step (`linearApproximation`), measured on a network of the study. */
export interface LinearErrorRow {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly rate: number;
  readonly error: number;
  /** Which weights, in words: `after warm-up`, `at the target`. */
  readonly at: string;
}

/** One observation: whether it agrees with the statement, and its numbers. */
interface Observation {
  readonly agrees: boolean;
  readonly text: string;
}

/** Holds where all observations agree, does not where none does. */
function judged(id: string, statement: string, observations: readonly Observation[], missing: string): Statement {
  if (observations.length === 0)
    return { id, statement, verdict: 'cannot be judged', agreeing: 0, evidence: [missing] };
  const agreeing = observations.filter((o) => o.agrees).length;
  return {
    id,
    statement,
    verdict: agreeing === observations.length ? 'holds' : agreeing === 0 ? 'does not hold' : 'mixed',
    agreeing,
    evidence: observations.map((o) => o.text),
  };
}

/** Batch sizes and other whole numbers as they are, the rest with three digits. */
const short = (x: number) => String(Number.isInteger(x) ? x : Number(x.toPrecision(3)));
const orNone = (x: number | null) => (x === null ? 'none within the study' : short(x));
const tuned = ({ strategies }: WorkloadReport) => strategies.filter((s) => s.rates === 'tuned');
const reachedAt = ({ points }: TargetAnalysis) => points.filter((p) => p.stepsToTarget.median !== null);

/** Strategies that the paper names, in our spellings: `LSR`, `LSR + warm-up`, `LSR, rate kept`. Others of the name, such as `LSR, Nesterov`, differ in more than the rule. */
const named = (strategies: readonly StrategyReport[], name: string) =>
  strategies.filter((s) => new RegExp(`^${name}( ?\\+ ?warm-?up)?(, rate kept)?$`, 'i').test(s.name));

/** `linear until 2048, half efficiency at 3100, flat from 4096`. */
function bends({ breakpoints: { linearUntil, halfEfficiency, flatFrom } }: TargetAnalysis): string {
  return `linear until ${orNone(linearUntil)}, half efficiency at ${orNone(halfEfficiency)}, flat from ${orNone(flatFrom)}`;
}

function regimes(workloads: readonly WorkloadReport[]): Statement {
  const observations = workloads.flatMap((w) =>
    tuned(w).flatMap((s): Observation[] => {
      const points = reachedAt(s);
      if (points.length < 3) return [];
      const last = s.points.at(-1)!;
      const efficiency = last.speedup === null ? null : last.speedup / last.ideal!;
      const agrees = efficiency === null || efficiency < 0.8;
      const end =
        efficiency === null
          ? `batch ${last.batchSize} does not reach the target`
          : `at batch ${last.batchSize} the speed-up is ${short(last.speedup!)} of an ideal ${short(last.ideal!)}`;
      return [{ agrees, text: `${w.name}, ${s.name} (${s.target}): ${bends(s)}; ${end}.` }];
    }),
  );
  return judged(
    'regimes',
    'Speed-up is linear up to some batch size; beyond it come diminishing returns, then stagnation.',
    observations,
    'No strategy reached its first target at three batch sizes.',
  );
}

function lowestLoss(workloads: readonly WorkloadReport[]): Statement {
  const observations = workloads.flatMap((w) =>
    tuned(w).flatMap((s): Observation[] => {
      const rows = w.generalization.filter((r) => r.strategy === s.name && r.bestTrainLoss.median !== null);
      if (rows.length < 3) return [];
      const best = rows.reduce((a, b) => (b.bestTrainLoss.median! < a.bestTrainLoss.median! ? b : a));
      const last = rows.at(-1)!;
      // Every seed of the largest batch stays above the typical run of the best one.
      const agrees = last !== best && last.bestTrainLoss.low! > best.bestTrainLoss.median!;
      return [
        {
          agrees,
          text: `${w.name}, ${s.name}: lowest training loss ${short(best.bestTrainLoss.median!)} at batch ${best.batchSize}, ${short(last.bestTrainLoss.median!)} at batch ${last.batchSize}, the largest.`,
        },
      ];
    }),
  );
  return judged(
    'lowest-loss',
    'The largest batches do not reach the lowest training loss within their budget.',
    observations,
    'No strategy has a training loss at three batch sizes.',
  );
}

function rules(workloads: readonly WorkloadReport[], low: boolean): Statement {
  const [from, to] = low ? [256, 2048] : [2049, Number.POSITIVE_INFINITY];
  const observations = workloads.flatMap((w) => {
    const baselines = named(w.strategies, 'BLR');
    const rivals = [...named(w.strategies, 'LSR'), ...named(w.strategies, 'SRSR')];
    return baselines.flatMap((blr) =>
      rivals
        .filter((r) => r.rates === blr.rates)
        .flatMap((rival) =>
          blr.points.flatMap((p): Observation[] => {
            const q = rival.points.find((x) => x.batchSize === p.batchSize);
            if (!q || p.batchSize < from || p.batchSize > to) return [];
            const [a, b] = [p.stepsToTarget.median, q.stepsToTarget.median];
            if (a === null && b === null) return [];
            const rivalBetter = (b ?? Number.POSITIVE_INFINITY) < (a ?? Number.POSITIVE_INFINITY);
            const said = (x: number | null) => (x === null ? 'not reached' : `${short(x)} steps`);
            return [
              {
                agrees: rivalBetter === low,
                text: `${w.name}, batch ${p.batchSize} (${blr.target}): ${blr.name} ${said(a)}, ${rival.name} ${said(b)}.`,
              },
            ];
          }),
        ),
    );
  });
  return judged(
    low ? 'scaled-rates' : 'scaled-rates-fail',
    low
      ? 'Linear and square-root scaling of the rate (LSR, SRSR) beat the unscaled rate (BLR) at batches of 256 to 2048.'
      : 'Beyond a batch of 2048 the unscaled rate (BLR) is better than LSR and SRSR.',
    observations,
    `The study has no BLR beside LSR or SRSR that reach a target at a batch ${low ? 'of 256 to 2048' : 'above 2048'}.`,
  );
}

/** The batch at which efficiency is halved, as the measure of where a curve bends. */
const bendOf = (row: Contrast['from']) => row.halfEfficiency ?? row.criticalBatch.value;

function contrasts(
  all: readonly Contrast[],
  factor: Factor,
  { id, statement, same }: { readonly id: string; readonly statement: string; readonly same: boolean },
): Statement {
  const observations = all
    .filter((c) => c.factor === factor)
    .flatMap(({ from, to, strategy, target, overlap }): Observation[] => {
      const [a, b] = [bendOf(from), bendOf(to)];
      if (a === null || b === null) return [];
      // The interval of B_crit decides where there are two; else a factor of 1.5, less than a step of the usual grid of doublings.
      const alike = overlap ?? Math.abs(Math.log(b / a)) < Math.log(1.5);
      const of = (row: typeof from) =>
        `${row.workload} ${short(bendOf(row)!)}${row.criticalBatch.value === null ? '' : ` (B_crit ${short(row.criticalBatch.value)}, ${short(row.criticalBatch.low ?? 0)} to ${row.criticalBatch.high === null ? 'unbounded' : short(row.criticalBatch.high)})`}`;
      return [
        { agrees: alike === same, text: `${strategy}, ${target}: half efficiency at ${of(from)} against ${of(to)}.` },
      ];
    });
  return judged(id, statement, observations, `No two workloads differ in ${factor} alone and bend within the study.`);
}

/** Where the error of a strategy first exceeds 1, against where its curve bends, at the first weights that it was measured on. */
function linearError(workloads: readonly WorkloadReport[], rows: readonly LinearErrorRow[]): Statement {
  const observations = workloads.flatMap((w) =>
    named(w.strategies, 'LSR').flatMap((s): Observation[] => {
      const own = rows
        .filter((r) => r.workload === w.name && r.strategy === s.name)
        .sort((a, b) => a.batchSize - b.batchSize);
      const bend = s.breakpoints.halfEfficiency ?? s.breakpoints.flatFrom;
      if (own.length < 2 || bend === null) return [];
      const beyond = own.find((r) => r.error > 1) ?? null;
      const agrees = beyond !== null && Math.abs(Math.log2(beyond.batchSize / bend)) <= 1;
      return [
        {
          agrees,
          text: `${w.name}, ${s.name}: the error exceeds 1 from batch ${orNone(beyond?.batchSize ?? null)} (${own[0]!.at}; ${short(own[0]!.error)} at batch ${own[0]!.batchSize}, ${short(own.at(-1)!.error)} at ${own.at(-1)!.batchSize}); ${bends(s)}.`,
        },
      ];
    }),
  );
  return judged(
    'linear-approximation',
    'The linear-approximation error of the linearly scaled step exceeds 1 where the rule stops paying (within a doubling).',
    observations,
    'The error was not measured at two batch sizes of an LSR that bends within the study.',
  );
}

function bothLosses(workloads: readonly WorkloadReport[]): Statement {
  const observations = workloads.flatMap((w) => {
    const quantity = new Map(w.targets.map((t) => [t.name, t.quantity]));
    return tuned(w).flatMap((s): Observation[] => {
      const of = (kind: string) => s.byTarget.find((t) => quantity.get(t.target) === kind && flatOf(t) !== null);
      const [train, held] = [of('trainLoss'), of('valLoss') ?? of('valMetric')];
      if (!train || !held) return [];
      const largest = Math.max(flatOf(train)!, flatOf(held)!);
      const gains = [train, held].map((t) => gainBeyond(t, largest));
      return [
        {
          agrees: gains.every((g) => g < 1.05),
          text: `${w.name}, ${s.name}: ${train.target} flat from ${orNone(flatOf(train))}, ${held.target} flat from ${orNone(flatOf(held))}; the best batch beyond ${short(largest)} is ${gains.map(short).join(' and ')} times as fast as that.`,
        },
      ];
    });
  });
  return judged(
    'both-losses',
    'Beyond the point of stagnation neither training nor held-out loss is reached any sooner.',
    observations,
    'No strategy stagnates within the study for a target of the training loss and for one of held-out data.',
  );
}

const flatOf = (t: TargetAnalysis) => t.breakpoints.flatFrom;

/** Steps at the batch size over the fewest steps of any larger one; 1 where no larger one reaches the target. */
function gainBeyond({ points }: TargetAnalysis, batchSize: number): number {
  const here = points.find((p) => p.batchSize === batchSize)?.stepsToTarget.median ?? null;
  const beyond = points.flatMap((p) => (p.batchSize > batchSize ? (p.stepsToTarget.median ?? []) : []));
  return here === null || beyond.length === 0 ? 1 : here / leastOf(beyond);
}

function tuning(workloads: readonly WorkloadReport[]): Statement {
  const observations = workloads.flatMap((w) =>
    w.strategies
      .filter((s) => s.rates === 'kept')
      .flatMap((kept): Observation[] => {
        const full = w.strategies.find((s) => s.rates === 'tuned' && kept.name.startsWith(s.name));
        if (!full) return [];
        // Both are relative to the same batch size: the smallest that reaches the target is where the kept rate is chosen.
        const [bentKept, bentFull] = [kept.breakpoints.halfEfficiency, full.breakpoints.halfEfficiency];
        if (bentKept === null) return [];
        return [
          {
            agrees: bentFull === null || bentFull > bentKept,
            text: `${w.name}, ${full.name}: half efficiency at ${orNone(bentKept)} with the base rate kept, at ${orNone(bentFull)} with rates tuned at every batch size.`,
          },
        ];
      }),
  );
  return judged(
    'tuning',
    'Against the paper (Shallue et al., arXiv 1811.03600): part of the bend comes from rates that are not tuned again.',
    observations,
    'No strategy was run with several base rates of which the best changes with the batch size.',
  );
}

/** Judges what the paper says on the study; the last one is what others said against it. */
export function judgeStatements(
  workloads: readonly WorkloadReport[],
  all: readonly Contrast[],
  linearErrors: readonly LinearErrorRow[],
): Statement[] {
  return [
    regimes(workloads),
    lowestLoss(workloads),
    rules(workloads, true),
    rules(workloads, false),
    linearError(workloads, linearErrors),
    contrasts(all, 'model', {
      id: 'architecture',
      statement: 'Where the curve bends depends on the architecture (AlexNet and MobileNetV2 at 1024, others later).',
      same: false,
    }),
    contrasts(all, 'dataset', {
      id: 'dataset',
      statement: 'Where the curve bends depends on the data (SVHN flattens later than CIFAR-10).',
      same: false,
    }),
    contrasts(all, 'fraction', {
      id: 'fraction',
      statement: 'The plateau batch is the same with 100, 50 and 25 % of the data.',
      same: true,
    }),
    contrasts(all, 'complexity', {
      id: 'complexity',
      statement: 'It is the complexity of the data, not their number, that moves the bend.',
      same: false,
    }),
    bothLosses(workloads),
    tuning(workloads),
  ];
}
