/** Statements of the paper on speed-up: regimes, targets out of reach, the lowest loss, both losses. */
import {
  cannotTell,
  differenceEffect,
  type Effect,
  judgeDirection,
  judgeReach,
  notTestable,
  short,
  type Verdict,
} from '../../../verdict/index.ts';
import { criticalBatchEffect } from '../profile.ts';
import { flatGain, linearShare } from '../speedup.ts';
import { attemptsOf, type StudyPoint, stepsRatio } from '../strategy.ts';
import { isKnown, type KnownTarget } from '../target.ts';
import type { StrategyReport, WorkloadReport } from '../workload.ts';
import { at, bends, groupsOf, type Judged, primaryOf, reachedAt, tuned } from './judged.ts';
import { type Observation, type Statement, statementOf } from './statement.ts';

/** Fewest reached batch sizes on which three regimes could be seen. */
const fewestForRegimes = 4;

/** The least B_crit with which a batch is still linear when counted from `base`: its efficiency (base + Bc) / (batch + Bc) is the share that counts as linear. */
function leastForLinear(batch: number, base: number): number {
  const turn = linearShare / (1 - linearShare);
  return turn * batch - (1 + turn) * base;
}

/** The largest B_crit with which going from batch m to M gains no more than counts as flat: (1 + Bc / m) / (1 + Bc / M) is that gain. */
function mostForFlat(m: number, M: number): number {
  const gain = flatGain ** Math.log2(M / m);
  return (gain - 1) / Math.max(0, 1 / m - gain / M);
}

/**
 * All three regimes, by break points: linear over more than the base batch itself, something between, and a doubling that gains under 5 %. That the end is not linear any more has to be
 * shown by the interval of B_crit. A part that is not seen counts against it where a curve of any B_crit in the interval would have it within the study, and the measured steps lack it
 * beyond chance; where a curve of this B_crit has it outside the study, the study cannot test it.
 */
export function regimes(judged: Judged): Statement {
  const observations = judged.workloads.flatMap((w) =>
    tuned(w).map((s): Observation => {
      const where = `${w.name}, ${s.name} (${s.target})`;
      const claim = 'linear, diminishing and flat parts, and B_crit';
      const points = reachedAt(s).filter((p) => p.batchSize >= (s.baseBatch ?? 0));
      if (s.baseProblem !== null) return at(where, notTestable(claim, s.baseProblem));
      if (points.length < fewestForRegimes)
        return at(
          where,
          notTestable(
            claim,
            `the target was reached at ${points.length} batch sizes from the base on; expected ${fewestForRegimes}`,
          ),
        );
      const { criticalBatch, breakpoints } = s;
      const { value } = criticalBatch;
      const base = s.baseBatch!;
      const effect = value === null ? null : criticalBatchEffect(criticalBatch.points, value);
      const verdict: Verdict = { ...cannotTell(claim, '', effect) };
      const [second, beforeLast, last] = [points[1]!, points.at(-2)!, points.at(-1)!];
      const linearAtEnd = leastForLinear(last.batchSize, base);
      const below = effect && linearAtEnd > 0 ? effect.atMost(Math.log(linearAtEnd)) : null;
      // Where the curve shows no bend at all there is no B_crit: then the speed-up itself says it.
      const low = last.speedupInterval?.low ?? null;
      const straight = low !== null && last.ideal !== null && low > linearShare * last.ideal;
      if ((below !== null && 1 - below > sure) || (effect === null && straight))
        return at(where, {
          ...verdict,
          outcome: 'disagrees',
          reason: `speed-up is linear to the largest batch; ${bends(s)}`,
        });
      const missing = [
        breakpoints.linearUntil === null || breakpoints.linearUntil <= base ? noLinearPart(second, base) : null,
        points.some((p) => p.regime === 'diminishing') ? null : noDiminishingPart,
        staysFlat(points, breakpoints.flatFrom) ? null : noFlatPart(beforeLast, last, flatGains(judged, w, s)),
      ].filter((m) => m !== null);
      if (missing.length > 0) {
        const not = `not seen within the study: ${missing.map((m) => m.part).join(', ')}`;
        if (effect !== null && missing.some((m) => m.isAbsent && confidenceWithin(effect, m) > sure))
          return at(where, {
            ...verdict,
            outcome: 'disagrees',
            reason: `${not}, though a curve of this B_crit has it there; ${bends(s)}`,
          });
        const beyond = missing.find((m) => value !== null && (value < m.least || value > m.most));
        if (beyond)
          return at(where, {
            ...verdict,
            outcome: 'not testable here',
            reason: `${beyond.needs}, and B_crit is ${short(value!)}; ${bends(s)}`,
          });
        return at(where, { ...verdict, reason: `${not}; ${bends(s)}` });
      }
      if (below === null || below < sure)
        return at(where, {
          ...verdict,
          reason: `all three are seen, but B_crit is not bounded to be within the study; ${bends(s)}`,
        });
      return at(where, { ...verdict, outcome: 'agrees', reason: bends(s) });
    }),
  );
  return statementOf(
    'regimes',
    'Speed-up is linear up to some batch size; beyond it come diminishing returns, then stagnation.',
    observations,
    'no strategy was held against a target',
  );
}

/** One side of the 95 % interval. */
const sure = 0.975;

interface MissingPart {
  readonly part: string;
  /** B_crit of the curves that have the part within the study, in examples. */
  readonly least: number;
  readonly most: number;
  /** The measured steps lack it beyond chance. */
  readonly isAbsent: boolean;
  readonly needs: string;
}

/** Confidence that B_crit is that of a curve with the part. */
const confidenceWithin = ({ atMost }: Effect, { least, most }: MissingPart): number =>
  (most === Number.POSITIVE_INFINITY ? 1 : atMost(Math.log(most))) - (least > 0 ? atMost(Math.log(least)) : 0);

/** Every curve has it; by the break points of one it can fall between two batch sizes. */
const noDiminishingPart: MissingPart = {
  part: 'diminishing returns',
  least: 0,
  most: Number.POSITIVE_INFINITY,
  isAbsent: false,
  needs: '',
};

function noLinearPart({ batchSize, ideal, speedupInterval }: StudyPoint, base: number): MissingPart {
  const least = leastForLinear(batchSize, base);
  return {
    part: 'a linear part beyond the smallest batch itself',
    least,
    most: Number.POSITIVE_INFINITY,
    isAbsent: (speedupInterval?.high ?? Number.POSITIVE_INFINITY) < linearShare * ideal!,
    needs: `batch ${batchSize} is to be linear from ${base} where B_crit is at least ${short(least)}`,
  };
}

function noFlatPart({ batchSize: m }: StudyPoint, { batchSize: M }: StudyPoint, gains: Effect | null): MissingPart {
  const most = mostForFlat(m, M);
  return {
    part: 'a flat part that lasts to the largest batch',
    least: 0,
    most,
    isAbsent: gains !== null && 1 - gains.atMost(Math.log2(M / m) * Math.log(flatGain)) > sure,
    needs: `${m} to ${M} is to gain under 5 % a doubling where B_crit is at most ${short(most)}`,
  };
}

/**
 * From some batch size on, to the last that reaches the target, a doubling gains less than counts as flat in the mean: a first one without a gain is no stagnation where later ones gain.
 * @param flatFrom The first such doubling; that of the last batch size is one to a larger one that never reaches the target.
 */
function staysFlat(reached: readonly StudyPoint[], flatFrom: number | null): boolean {
  const last = reached.at(-1)!;
  if (flatFrom === null || flatFrom === last.batchSize) return flatFrom !== null;
  return reached
    .filter((p) => p.batchSize >= flatFrom && p.batchSize < last.batchSize)
    .some((p) => {
      const gain = p.stepsToTarget.median! / last.stepsToTarget.median!;
      return gain < flatGain ** Math.log2(last.batchSize / p.batchSize);
    });
}

/** Steps at the last but one batch size that reaches the target over those at the last. */
function flatGains(judged: Judged, w: WorkloadReport, s: StrategyReport): Effect | null {
  const target = primaryOf(w);
  const [m, M] = reachedAt(s).slice(-2);
  const groups = groupsOf(judged, w, s, target);
  const of = (point: StudyPoint | undefined) => groups.find((g) => g.batchSize === point?.batchSize);
  const [from, to] = [of(m), of(M)];
  return from && to ? stepsRatio(from, to, target) : null;
}

/** Whether the trainings of a strategy at one batch size miss its target after steps enough. */
const misses = (group: ReturnType<typeof groupsOf>[number], target: KnownTarget, leastSteps: number | null): Verdict =>
  judgeReach(attemptsOf(group, target), {
    claim: `share of trainings that miss the target at batch ${group.batchSize}`,
    expected: 'misses',
    leastSteps,
  });

export function reach(judged: Judged): Statement {
  const observations = judged.workloads.flatMap((w) =>
    tuned(w).map((s): Observation => {
      const target = primaryOf(w);
      const last = groupsOf(judged, w, s, target).at(-1)!;
      return at(`${w.name}, ${s.name} (${s.target})`, misses(last, target, s.leastSteps));
    }),
  );
  return statementOf(
    'out-of-reach',
    'The largest batches do not reach the target, however many steps they are given.',
    observations,
    'no strategy was held against a target',
  );
}

/** The batch sizes beyond which the paper sees training break, by the metric that tells the domain. */
const breaks: Readonly<Record<string, number>> = { perplexity: 32, meanIoU: 64 };

export function domains(judged: Judged): Statement {
  const observations = judged.workloads.flatMap((w) => {
    const largest = breaks[w.metric?.name ?? ''];
    if (largest === undefined) return [];
    const target = primaryOf(w);
    return tuned(w).flatMap((s) =>
      groupsOf(judged, w, s, target)
        .filter(({ batchSize }) => batchSize > largest)
        .map((group) =>
          at(`${w.name}, ${s.name}, batch ${group.batchSize} (${s.target})`, misses(group, target, s.leastSteps)),
        ),
    );
  });
  return statementOf(
    'domains',
    `In language modelling training breaks beyond a batch of about ${breaks.perplexity}, in segmentation beyond about ${breaks.meanIoU}.`,
    observations,
    `no language model was trained beyond a batch of ${breaks.perplexity}, and no segmentation beyond ${breaks.meanIoU}`,
  );
}

export function lowestLoss(judged: Judged): Statement {
  const { study, workloads } = judged;
  const observations = workloads.flatMap((w) =>
    tuned(w).flatMap((s): Observation[] => {
      const rows = w.generalization.filter((r) => r.strategy === s.name && r.bestTrainLoss.median !== null);
      if (rows.length < 3) return [];
      const last = rows.at(-1)!;
      // Of the smaller batches: held against itself the largest could not be the best.
      const best = rows.slice(0, -1).reduce((a, b) => (b.bestTrainLoss.median! < a.bestTrainLoss.median! ? b : a));
      const where = `${w.name}, ${s.name}`;
      const claim = `lowest training loss at batch ${last.batchSize} (median ${short(last.bestTrainLoss.median!)}) less that at batch ${best.batchSize} (${short(best.bestTrainLoss.median!)})`;
      const own = study.trials.filter((t) => t.workload === w.name && t.strategy === s.name);
      const stopped = own.filter((t) => t.status === 'stopped').length;
      if (stopped > 0)
        return [
          at(
            where,
            notTestable(
              claim,
              `${stopped} of ${own.length} trials were stopped once their targets were reached or given up, so their lowest loss is not known`,
            ),
          ),
        ];
      const budget = Math.max(...own.filter((t) => t.batchSize === last.batchSize).map((t) => t.budgetSteps));
      const needed = Math.max(...s.byTarget.flatMap((t) => t.leastSteps ?? []), 0);
      if (needed === 0 || budget < 3 * needed)
        return [
          at(
            where,
            notTestable(
              claim,
              `the budget of ${short(budget)} steps at batch ${last.batchSize} is under 3 times the ${short(needed)} steps that the hardest target takes at least`,
            ),
          ),
        ];
      return [
        at(
          where,
          judgeDirection(
            differenceEffect(best.trainLosses, last.trainLosses),
            { claim, expected: 'above' },
            'fewer than two seeds at one of the two',
          ),
        ),
      ];
    }),
  );
  return statementOf(
    'lowest-loss',
    'The largest batches do not reach the lowest training loss.',
    observations,
    'no strategy has a training loss at three batch sizes',
  );
}

/** What of a gain still counts as none (our choice): a tenth, over however many doublings. */
const noGain = 1.1;

export function bothLosses(judged: Judged): Statement {
  const observations = judged.workloads.flatMap((w) => {
    const quantity = new Map(w.targets.map((t) => [t.name, t.quantity]));
    return tuned(w).flatMap((s): Observation[] => {
      const of = (kind: string) =>
        s.byTarget.find((t) => quantity.get(t.target) === kind && t.breakpoints.flatFrom !== null);
      const [train, held] = [of('trainLoss'), of('valLoss') ?? of('valMetric')];
      if (!train || !held) return [];
      const flat = Math.max(train.breakpoints.flatFrom!, held.breakpoints.flatFrom!);
      return [train, held].map((t): Observation => {
        const target = w.targets.filter(isKnown).find((x) => x.name === t.target)!;
        const groups = groupsOf(judged, w, s, target);
        const [here, largest] = [groups.find((g) => g.batchSize === flat), reachedAt(t).at(-1)];
        const there = groups.find((g) => g.batchSize === largest?.batchSize);
        const where = `${w.name}, ${s.name} (${t.target})`;
        const claim = `steps at batch ${flat}, from which the curve is flat, over those at ${largest?.batchSize ?? 'a larger one'}`;
        if (!here || !there || there.batchSize <= flat)
          return at(where, notTestable(claim, 'no larger batch reaches the target'));
        const effect = stepsRatio(here, there, target);
        return at(
          where,
          effect
            ? judgeDirection(effect, { claim, expected: 'below', than: noGain })
            : cannotTell(claim, 'one seed each tells no difference from chance'),
        );
      });
    });
  });
  return statementOf(
    'both-losses',
    'Beyond the point of stagnation neither training nor held-out loss is reached any sooner.',
    observations,
    'no strategy stagnates within the study for a target of the training loss and for one of held-out data',
    { every: true },
  );
}
