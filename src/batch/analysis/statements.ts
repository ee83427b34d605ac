import {
  cannotTell,
  differenceEffect,
  judgeDirection,
  judgeEquivalence,
  judgeReach,
  notTestable,
  profileEffect,
  short,
  type Verdict,
} from '../../verdict/index.ts';
import type { MeasuredStudy } from '../measured.ts';
import { type Contrast, type Factor, ratioOf } from './comparison.ts';
import { criticalBatchEffect, criticalBatchRatio } from './profile.ts';
import { linearShare } from './speedup.ts';
import { type LinearErrorRow, type Observation, type Statement, statementOf } from './statement.ts';
import { attemptsOf, batchGroups, stepsRatio, type TargetAnalysis } from './strategy.ts';
import { isKnown, type KnownTarget } from './target.ts';
import type { StrategyReport, WorkloadReport } from './workload.ts';

/** What statements are judged on. */
export interface Judged {
  readonly study: MeasuredStudy;
  readonly workloads: readonly WorkloadReport[];
  readonly contrasts: readonly Contrast[];
  readonly linearErrors: readonly LinearErrorRow[];
}

const at = (where: string, verdict: Verdict): Observation => ({ where, ...verdict });

const orNone = (x: number | null) => (x === null ? 'none within the study' : short(x));
const tuned = ({ strategies }: WorkloadReport) => strategies.filter((s) => s.rates === 'tuned');
const reachedAt = ({ points }: TargetAnalysis) => points.filter((p) => p.stepsToTarget.median !== null);

/** Strategies that the paper names, in our spellings: `LSR`, `LSR + warm-up`, `LSR, rate kept`. Others of the name, such as `LSR, Nesterov`, differ in more than the rule. */
const named = (strategies: readonly StrategyReport[], name: string) =>
  strategies.filter((s) => new RegExp(`^${name}( ?\\+ ?warm-?up)?(, rate kept)?$`, 'i').test(s.name));

/** The trials behind a strategy by batch size, held against a target of its workload. */
function groupsOf({ study }: Judged, workload: WorkloadReport, strategy: StrategyReport, target: KnownTarget) {
  const name = strategy.rates === 'kept' ? strategy.name.replace(/, rate kept$/, '') : strategy.name;
  return batchGroups(
    study.trials.filter(
      (t) =>
        t.workload === workload.name &&
        t.strategy === name &&
        (strategy.keptRate === null || t.baseRate === strategy.keptRate),
    ),
    target,
  );
}

const primaryOf = ({ targets, primaryTarget }: WorkloadReport) =>
  targets.filter(isKnown).find((t) => t.name === primaryTarget)!;

/** `linear until 2048, half efficiency at 3100, flat from 4096`. */
function bends({ baseBatch, breakpoints: { linearUntil, halfEfficiency, flatFrom } }: TargetAnalysis): string {
  return `from batch ${orNone(baseBatch)}: linear until ${orNone(linearUntil)}, half efficiency at ${orNone(halfEfficiency)}, flat from ${orNone(flatFrom)}`;
}

/** Fewest reached batch sizes on which three regimes could be seen. */
const fewestForRegimes = 4;

/**
 * All three regimes, by break points: linear over more than the base batch itself, something between, and a doubling that gains under 5 %. That the end is not linear any more has to be
 * shown by the interval of B_crit: efficiency at the largest batch M from base m0 is (m0 + Bc) / (M + Bc), below 0.8 where Bc < 4 M - 5 m0.
 */
function regimes({ workloads }: Judged): Statement {
  const observations = workloads.flatMap((w) =>
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
      const { criticalBatch, breakpoints, baseBatch } = s;
      const effect =
        criticalBatch.value === null ? null : criticalBatchEffect(criticalBatch.points, criticalBatch.value);
      const size = effect && judgeDirection(effect, { claim, expected: 'above' }).effect;
      const last = points.at(-1)!;
      const turn = linearShare / (1 - linearShare);
      const linearAtEnd = turn * last.batchSize - (1 + turn) * baseBatch!;
      const below = effect && linearAtEnd > 0 ? effect.atMost(Math.log(linearAtEnd)) : null;
      const missing = [
        ...(breakpoints.linearUntil === null || breakpoints.linearUntil <= baseBatch!
          ? ['a linear part beyond the smallest batch itself']
          : []),
        ...(points.some((p) => p.regime === 'diminishing') ? [] : ['diminishing returns']),
        ...(breakpoints.flatFrom === null ? ['a doubling that gains under 5 %'] : []),
      ];
      const verdict: Verdict = { ...cannotTell(claim, '', null), effect: size };
      if (below !== null && 1 - below > 0.975)
        return at(where, {
          ...verdict,
          outcome: 'disagrees',
          reason: `speed-up is linear to the largest batch; ${bends(s)}`,
        });
      if (missing.length > 0)
        return at(where, { ...verdict, reason: `not seen within the study: ${missing.join(', ')}; ${bends(s)}` });
      if (below === null || below < 0.975)
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

function reach(judged: Judged): Statement {
  const observations = judged.workloads.flatMap((w) =>
    tuned(w).map((s): Observation => {
      const groups = groupsOf(judged, w, s, primaryOf(w));
      const last = groups.at(-1)!;
      return at(
        `${w.name}, ${s.name} (${s.target})`,
        judgeReach(attemptsOf(last, primaryOf(w)), {
          claim: `share of trainings that miss the target at batch ${last.batchSize}`,
          expected: 'misses',
          leastSteps: s.leastSteps,
        }),
      );
    }),
  );
  return statementOf(
    'out-of-reach',
    'The largest batches do not reach the target, however many steps they are given.',
    observations,
    'no strategy was held against a target',
  );
}

function lowestLoss(judged: Judged): Statement {
  const { study, workloads } = judged;
  const observations = workloads.flatMap((w) =>
    tuned(w).flatMap((s): Observation[] => {
      const rows = w.generalization.filter((r) => r.strategy === s.name && r.bestTrainLoss.median !== null);
      if (rows.length < 3) return [];
      const best = rows.reduce((a, b) => (b.bestTrainLoss.median! < a.bestTrainLoss.median! ? b : a));
      const last = rows.at(-1)!;
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

function rules(judged: Judged, low: boolean): Statement {
  const [from, to] = low ? [256, 2048] : [2049, Number.POSITIVE_INFINITY];
  const observations = judged.workloads.flatMap((w) => {
    const rivals = [...named(w.strategies, 'LSR'), ...named(w.strategies, 'SRSR')];
    return named(w.strategies, 'BLR').flatMap((blr) =>
      rivals
        .filter((r) => r.rates === blr.rates)
        .flatMap((rival) => {
          const target = primaryOf(w);
          const [own, other] = [blr, rival].map((s) => groupsOf(judged, w, s, target)) as [
            ReturnType<typeof groupsOf>,
            ReturnType<typeof groupsOf>,
          ];
          return own.flatMap((group): Observation[] => {
            const against = other.find((g) => g.batchSize === group.batchSize);
            if (!against || group.batchSize < from || group.batchSize > to) return [];
            const where = `${w.name}, batch ${group.batchSize} (${blr.target})`;
            const claim = `steps of ${blr.name} over those of ${rival.name}`;
            const [p, q] = [blr, rival].map((s) => s.points.find((x) => x.batchSize === group.batchSize)!) as [
              StrategyReport['points'][number],
              StrategyReport['points'][number],
            ];
            const said = (x: typeof p) =>
              x.stepsToTarget.median === null
                ? `misses it${x.endedByBudget ? ' within its budget' : ''}`
                : `${short(x.stepsToTarget.median)} steps`;
            const numbers = `${blr.name} ${said(p)}, ${rival.name} ${said(q)}`;
            if (p.rates !== q.rates)
              return [at(where, notTestable(claim, `unequal tuning: ${p.rates} against ${q.rates} rates`))];
            if (p.stepsToTarget.median === null && q.stepsToTarget.median === null)
              return [at(where, notTestable(claim, `neither reaches the target: ${numbers}`))];
            if (p.stepsToTarget.median === null || q.stepsToTarget.median === null) {
              const [loser, least] =
                p.stepsToTarget.median === null
                  ? [group, blr.leastSteps ?? rival.leastSteps]
                  : [against, rival.leastSteps ?? blr.leastSteps];
              const missed = judgeReach(attemptsOf(loser, target), { claim, expected: 'misses', leastSteps: least });
              const rivalWins = loser === group;
              const outcome = missed.outcome !== 'agrees' ? missed.outcome : rivalWins === low ? 'agrees' : 'disagrees';
              return [at(where, { ...missed, effect: null, outcome, reason: `${numbers}; ${missed.reason}` })];
            }
            const effect = stepsRatio(group, against, target);
            const verdict = judgeDirection(effect, { claim, expected: low ? 'above' : 'below' }, '');
            return [
              at(
                where,
                effect
                  ? { ...verdict, reason: `${numbers}; ${verdict.reason}` }
                  : cannotTell(claim, `${numbers}; one seed each tells no difference from chance`),
              ),
            ];
          });
        }),
    );
  });
  return statementOf(
    low ? 'scaled-rates' : 'scaled-rates-fail',
    low
      ? 'Linear and square-root scaling of the rate (LSR, SRSR) beat the unscaled rate (BLR) at batches of 256 to 2048.'
      : 'Beyond a batch of 2048 the unscaled rate (BLR) is better than LSR and SRSR.',
    observations,
    `the study has no BLR beside LSR or SRSR at a batch ${low ? 'of 256 to 2048' : 'above 2048'}`,
  );
}

/** What still counts as the same bend (our choice): B_crit within a factor of 1.5 both ways, less than a step of the usual grid of doublings. */
export const bendMargin = 1.5;
/** Depths of targets that still count as equal (our choice). */
const depthMargin = 0.1;

/** From the simplest data on, as the paper orders them (SVHN before CIFAR-10), and as error rates of the same network order the others (ours). */
const byComplexity = ['mnist', 'fashion-mnist', 'svhn', 'cifar10', 'cifar100'];
/** Networks that the paper finds to bend earlier than the others, at 1024. */
const early = (model: string) => /^(alexnet|mobilenet)/i.test(model);

/** Which of the two is to bend later, according to the paper: `first`, `second`, or null where it says nothing of this pair. */
function later({ factor, from, to }: Contrast): 'first' | 'second' | null {
  switch (factor) {
    case 'complexity':
      return from.complexity! < to.complexity! ? 'first' : 'second';
    case 'dataset': {
      const [a, b] = [byComplexity.indexOf(from.dataset), byComplexity.indexOf(to.dataset)];
      return a < 0 || b < 0 ? null : a < b ? 'first' : 'second';
    }
    case 'model':
      return early(from.model) === early(to.model) ? null : early(from.model) ? 'second' : 'first';
    case 'fraction':
      return null;
  }
}

function contrasts(
  { contrasts: all, workloads }: Judged,
  factor: Factor,
  { id, statement, deep = false }: { readonly id: string; readonly statement: string; readonly deep?: boolean },
): Statement {
  const isTuned = (c: Contrast) =>
    workloads.find((w) => w.name === c.from.workload)!.strategies.find((s) => s.name === c.strategy)?.rates === 'tuned';
  const observations = all
    .filter((c) => c.factor === factor && isTuned(c))
    .map((contrast): Observation => {
      const { from, to, strategy, target } = contrast;
      const where = `${strategy}, ${target}`;
      const claim = `B_crit of ${to.workload} over that of ${from.workload}`;
      const effect = ratioOf(contrast);
      const lacking = [from, to].find((r) => r.criticalBatch.value === null);
      const why = lacking
        ? `${lacking.workload}: ${lacking.criticalBatch.reason}`
        : 'there are no more points than the curves have numbers';
      if (factor === 'fraction') return at(where, judgeEquivalence(effect, { claim, margin: bendMargin }, why));
      const side = later(contrast);
      if (side === null) return at(where, notTestable(claim, 'the paper does not say which of the two bends later'));
      const verdict = judgeDirection(effect, { claim, expected: side === 'second' ? 'above' : 'below' }, why);
      if (!deep || verdict.outcome === 'not testable here') return at(where, verdict);
      const [a, b] = [from.depth, to.depth];
      if (a === null || b === null)
        return at(where, {
          ...verdict,
          outcome: 'not testable here',
          support: null,
          against: null,
          reason: `it is not known how deep the target lies in either (trials end once it is reached), and ${verdict.outcome === 'disagrees' ? 'the bend moves the other way' : verdict.reason}`,
        });
      if (Math.abs(a - b) > depthMargin)
        return at(where, {
          ...verdict,
          outcome: 'not testable here',
          support: null,
          against: null,
          reason: `the target lies at ${short(100 * a)} % of the way down in one and at ${short(100 * b)} % in the other`,
        });
      return at(where, verdict);
    });
  return statementOf(id, statement, observations, `no two workloads differ in ${factor} alone`);
}

/** Where the error of a strategy passes 1 against the bend of its curve, half efficiency on the fitted one (B_crit + 2 m0): the same within a factor of two. */
function linearError({ workloads, linearErrors }: Judged): Statement {
  const observations = workloads.flatMap((w) =>
    named(w.strategies, 'LSR').flatMap((s): Observation[] => {
      const own = linearErrors
        .filter((r) => r.workload === w.name && r.strategy === s.name)
        .sort((a, b) => a.batchSize - b.batchSize);
      if (own.length < 2) return [];
      const where = `${w.name}, ${s.name} (${own[0]!.at})`;
      // The paper's error where it was kept.
      const absolute = own.every((r) => r.absolute !== null);
      const errorOf = (r: LinearErrorRow) => (absolute ? r.absolute! : r.error);
      const claim = `half efficiency over the batch at which the ${absolute ? 'absolute' : 'relative'} error passes 1`;
      if (s.baseProblem !== null) return [at(where, notTestable(claim, s.baseProblem))];
      const { value, points } = s.criticalBatch;
      const scale = value === null ? null : criticalBatchEffect(points, value);
      if (scale === null) return [at(where, notTestable(claim, s.criticalBatch.reason ?? 'B_crit has no interval'))];
      const passed = crossingOfOne(own, errorOf);
      const numbers = `error ${short(errorOf(own[0]!))} at batch ${own[0]!.batchSize}, ${short(errorOf(own.at(-1)!))} at ${own.at(-1)!.batchSize}`;
      const shift = 2 * s.baseBatch!;
      const half = (batch: number) =>
        profileEffect({
          ...scale,
          estimate: Math.log((Math.exp(scale.estimate) + shift) / batch),
          atMost: (x) => {
            const critical = batch * Math.exp(x) - shift;
            return critical <= 0 ? 0 : scale.atMost(Math.log(critical));
          },
        });
      if (passed === null) {
        const largest = own.at(-1)!.batchSize;
        const verdict = judgeDirection(half(largest), {
          claim: `half efficiency over the largest batch of ${largest}, where the error is still below 1`,
          expected: 'above',
        });
        // Below half of the largest batch, the error should have passed 1 within the study.
        const missed = half(largest).atMost(-Math.LN2) > 0.975;
        return [
          at(where, {
            ...verdict,
            support: null,
            against: null,
            outcome: missed ? 'disagrees' : 'cannot tell',
            reason: numbers,
          }),
        ];
      }
      const verdict = judgeEquivalence(half(passed), { claim, margin: 2 });
      return [at(where, { ...verdict, reason: `${numbers}; it passes 1 at ${short(passed)}; ${verdict.reason}` })];
    }),
  );
  return statementOf(
    'linear-approximation',
    'The linear-approximation error of the linearly scaled step exceeds 1 where the rule stops paying (within a doubling).',
    observations,
    'the error was not measured at two batch sizes of an LSR',
  );
}

/** Linear in the logarithms between the last batch below 1 and the first above it. */
function crossingOfOne(rows: readonly LinearErrorRow[], errorOf: (row: LinearErrorRow) => number): number | null {
  const first = rows.findIndex((r) => errorOf(r) > 1);
  const [before, after] = [rows[first - 1], rows[first]];
  if (!after) return null;
  if (!before || !(errorOf(before) > 0)) return after.batchSize;
  const share = Math.log(1 / errorOf(before)) / Math.log(errorOf(after) / errorOf(before));
  return before.batchSize * (after.batchSize / before.batchSize) ** share;
}

/** What of a gain still counts as none (our choice): a tenth, over however many doublings. */
const noGain = 1.1;

function bothLosses(judged: Judged): Statement {
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
  );
}

function tuning({ workloads }: Judged): Statement {
  const observations = workloads.flatMap((w) =>
    w.strategies
      .filter((s) => s.rates === 'kept')
      .flatMap((kept): Observation[] => {
        const full = w.strategies.find((s) => s.rates === 'tuned' && kept.name === `${s.name}, rate kept`);
        if (!full) return [];
        const where = `${w.name}, ${full.name} (${full.target})`;
        const claim = 'B_crit with rates tuned at every batch size over that with the base rate kept';
        if (full.baseProblem !== null) return [at(where, notTestable(claim, full.baseProblem))];
        const [a, b] = [kept.criticalBatch, full.criticalBatch];
        const without = a.value === null ? a : b.value === null ? b : null;
        const effect =
          a.value !== null && b.value !== null
            ? criticalBatchRatio(
                { points: a.points, criticalBatch: a.value },
                { points: b.points, criticalBatch: b.value },
              )
            : null;
        return [
          at(
            where,
            judgeDirection(
              effect,
              { claim, expected: 'above' },
              without ? without.reason! : 'there are no more points than the curves have numbers',
            ),
          ),
        ];
      }),
  );
  return statementOf(
    'tuning',
    'Against the paper (Shallue et al., arXiv 1811.03600): part of the bend comes from rates that are not tuned again.',
    observations,
    'no strategy was run with several base rates of which the best changes with the batch size',
  );
}

/** Judges what the paper says on the study; the last one is what others said against it. */
export function judgeStatements(judged: Judged): Statement[] {
  return [
    regimes(judged),
    reach(judged),
    lowestLoss(judged),
    rules(judged, true),
    rules(judged, false),
    linearError(judged),
    contrasts(judged, 'model', {
      id: 'architecture',
      statement: 'AlexNet and MobileNetV2 bend earlier (at 1024) than the other networks.',
    }),
    contrasts(judged, 'dataset', {
      id: 'dataset',
      statement: 'Simpler data sets flatten later (SVHN later than CIFAR-10).',
      deep: true,
    }),
    contrasts(judged, 'fraction', {
      id: 'fraction',
      statement: `The plateau batch is the same with 100, 50 and 25 % of the data (B_crit within a factor of ${bendMargin}).`,
    }),
    contrasts(judged, 'complexity', {
      id: 'complexity',
      statement: 'Data of less complexity flatten later, with their number the same.',
      deep: true,
    }),
    bothLosses(judged),
    tuning(judged),
  ];
}
