/** Statements on rates: the scaling rules against each other, the linear-approximation error, and what tuning does. */
import {
  cannotTell,
  decide,
  judgeDirection,
  judgeEquivalence,
  judgeReach,
  notTestable,
  profileEffect,
  short,
  twoSided,
} from '../../../verdict/index.ts';
import { criticalBatchEffect, criticalBatchRatio } from '../profile.ts';
import { attemptsOf, stepsRatio } from '../strategy.ts';
import type { StrategyReport } from '../workload.ts';
import { at, groupsOf, type Judged, named, primaryOf } from './judged.ts';
import { type LinearErrorRow, type Observation, type Statement, statementOf } from './statement.ts';

export function rules(judged: Judged, low: boolean): Statement {
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

/** Where the error of a strategy passes 1 against the bend of its curve, half efficiency on the fitted one (B_crit + 2 m0): the same within a factor of two. */
export function linearError({ workloads, linearErrors }: Judged): Statement {
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
        const against = twoSided(1 - half(largest).atMost(-Math.LN2));
        return [at(where, { ...verdict, support: 1, against, outcome: decide(1, against), reason: numbers })];
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

export function tuning({ workloads }: Judged): Statement {
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
