/** Statements of the paper on what is reached: targets out of reach, by domain, the lowest loss, both losses. */
import {
  anyOf,
  cannotTell,
  differenceEffect,
  judgeDirection,
  judgeReach,
  notTestable,
  short,
  type Verdict,
} from '../../../verdict/index.ts';
import { attemptsOf, stepsRatio } from '../strategy.ts';
import { isKnown, type KnownTarget } from '../target.ts';
import { at, groupsOf, type Judged, primaryOf, reachedAt, tuned } from './judged.ts';
import { type Observation, type Statement, statementOf } from './statement.ts';

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
      const smaller = rows.slice(0, -1);
      const best = smaller.reduce((a, b) => (b.bestTrainLoss.median! < a.bestTrainLoss.median! ? b : a));
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
      const verdicts = smaller.map((row) =>
        judgeDirection(
          differenceEffect(row.trainLosses, last.trainLosses),
          { claim, expected: 'above' },
          'fewer than two seeds at one of the two',
        ),
      );
      return [at(where, anyOf(verdicts, verdicts[smaller.indexOf(best)]!))];
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
