/** Whether a speed-up curve shows the three regimes of the paper: linear, diminishing returns, stagnation. */
import { alpha, cannotTell, decide, type Effect, notTestable, short, twoSided } from '../../../verdict/index.ts';
import { criticalBatchEffect } from '../profile.ts';
import { flatGain, linearShare } from '../speedup.ts';
import { type StudyPoint, stepsRatio } from '../strategy.ts';
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
  return statementOf(
    'regimes',
    'Speed-up is linear up to some batch size; beyond it come diminishing returns, then stagnation.',
    judged.workloads.flatMap((w) => tuned(w).map((s) => observed(judged, w, s))),
    'no strategy was held against a target',
  );
}

function observed(judged: Judged, w: WorkloadReport, s: StrategyReport): Observation {
  const where = `${w.name}, ${s.name} (${s.target})`;
  const claim = 'linear, diminishing and flat parts, and B_crit';
  const untestable = (reason: string) => at(where, notTestable(claim, reason));
  const points = reachedAt(s).filter((p) => p.batchSize >= (s.baseBatch ?? 0));
  if (s.baseProblem !== null) return untestable(s.baseProblem);
  if (points.length < fewestForRegimes)
    return untestable(
      `the target was reached at ${points.length} batch sizes from the base on; expected ${fewestForRegimes}`,
    );
  const { value, points: fitted } = s.criticalBatch;
  const effect = value === null ? null : criticalBatchEffect(fitted, value);
  const decided = (support: number, against: number, reason: string) =>
    at(where, {
      ...cannotTell(claim, `${reason}; ${bends(s)}`, effect),
      outcome: decide(support, against),
      support,
      against,
    });
  const target = primaryOf(w);
  const groups = groupsOf(judged, w, s, target);
  const speedup: SpeedupBetween = (from, to) => {
    const [a, b] = [from, to].map((point) => groups.find((g) => g.batchSize === point.batchSize));
    return a && b ? stepsRatio(a, b, target) : null;
  };
  const [first, last] = [points[0]!, points.at(-1)!];
  const linearAtEnd = leastForLinear(last.batchSize, s.baseBatch!);
  const below = effect && linearAtEnd > 0 ? effect.atMost(Math.log(linearAtEnd)) : null;
  // Where the curve shows no bend at all there is no B_crit: then the speed-up itself says it.
  const bent = effect === null ? lessThanLinear(speedup(first, last), last) : below;
  if (bent !== null && twoSided(bent) < alpha)
    return decided(1, twoSided(bent), 'speed-up is linear to the largest batch');
  const missing = missingParts(s, points, speedup);
  if (missing.length === 0) {
    const support = below === null ? 1 : twoSided(1 - below);
    const unbounded = support < alpha ? '' : ', but B_crit is not bounded to be within the study';
    return decided(support, 1, `all three are seen${unbounded}`);
  }
  const not = `not seen within the study: ${missing.map((m) => m.part).join(', ')}`;
  // Of a part both have to be shown, that the study would have it and that it is not there; one such part will do, of as many as are missing.
  const parts = effect ? missing.map((m) => twoSided(Math.max(m.present, 1 - confidenceWithin(effect, m)))) : [1];
  const against = Math.min(1, parts.length * Math.min(...parts));
  if (against < alpha) return decided(1, against, `${not}, though a curve of this B_crit has it there`);
  const beyond = missing.find((m) => value !== null && (value < m.least || value > m.most));
  return beyond ? untestable(`${beyond.needs}, and B_crit is ${short(value!)}; ${bends(s)}`) : decided(1, against, not);
}

/** Steps at one batch size over those at another; null without two seeds at both. */
type SpeedupBetween = (from: StudyPoint, to: StudyPoint) => Effect | null;

function missingParts(
  { baseBatch, breakpoints: { linearUntil, flatFrom } }: StrategyReport,
  points: readonly StudyPoint[],
  speedup: SpeedupBetween,
): MissingPart[] {
  const [first, second, beforeLast, last] = [points[0]!, points[1]!, points.at(-2)!, points.at(-1)!];
  const base = baseBatch!;
  return [
    linearUntil === null || linearUntil <= base ? noLinearPart(second, base, speedup(first, second)) : null,
    points.some((p) => p.regime === 'diminishing') ? null : noDiminishingPart,
    staysFlat(points, flatFrom) ? null : noFlatPart(beforeLast, last, speedup(beforeLast, last)),
  ].filter((m) => m !== null);
}

interface MissingPart {
  readonly part: string;
  /** B_crit of the curves that have the part within the study, in examples. */
  readonly least: number;
  readonly most: number;
  /** One-sided p of the measured steps if it were there. */
  readonly present: number;
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
  present: 1,
  needs: '',
};

function noLinearPart(second: StudyPoint, base: number, speedup: Effect | null): MissingPart {
  const { batchSize } = second;
  const least = leastForLinear(batchSize, base);
  return {
    part: 'a linear part beyond the smallest batch itself',
    least,
    most: Number.POSITIVE_INFINITY,
    present: 1 - (lessThanLinear(speedup, second) ?? 0),
    needs: `batch ${batchSize} is to be linear from ${base} where B_crit is at least ${short(least)}`,
  };
}

function noFlatPart({ batchSize: m }: StudyPoint, { batchSize: M }: StudyPoint, gains: Effect | null): MissingPart {
  const most = mostForFlat(m, M);
  return {
    part: 'a flat part that lasts to the largest batch',
    least: 0,
    most,
    present: gains?.atMost(Math.log2(M / m) * Math.log(flatGain)) ?? 1,
    needs: `${m} to ${M} is to gain under 5 % a doubling where B_crit is at most ${short(most)}`,
  };
}

/** Confidence that the speed-up at a batch size is less than what counts as linear. */
const lessThanLinear = (speedup: Effect | null, { ideal }: StudyPoint): number | null =>
  speedup && ideal !== null ? speedup.atMost(Math.log(linearShare * ideal)) : null;

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
