import { groupBy } from '../base/group-by.ts';
import type { Edge } from '../schema/index.ts';
import type { StudyStore } from '../store/index.ts';
import { bestRate, edgeOf, rateGroups } from './analysis/best-rate.ts';
import { directionOf, isKnown, type KnownTarget, resolveTargets } from './analysis/target.ts';
import type { GridPoint } from './declare/grid.ts';
import type { Strategy } from './declare/strategies.ts';
import type { Direction, MeasuredStudy, MeasuredWorkload } from './measured/measured.ts';

export type { Edge };

/** What the rates of a workload are judged by: its first absolute target, or else the best loss on held-out data, as a target that nothing reaches. */
function goalOf(workload: MeasuredWorkload): KnownTarget {
  const absolute = workload.targets.find(({ rule }) => rule.kind === 'absolute');
  const known = absolute && resolveTargets({ ...workload, targets: [absolute] }, []).find(isKnown);
  const quantity = workload.targets[0]?.quantity ?? 'valLoss';
  const out = { name: quantity, quantity, rule: '', reason: null };
  return known ?? { ...out, ...unreachable(directionOf(quantity, workload)) };
}

const unreachable = (direction: Direction) => ({
  direction,
  value: direction === 'min' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
});

/** Whether a grid of rates is searched here: at every batch size, or at the base batch alone, whose rate the rule carries to the others. */
const isTuned = (strategy: Strategy, { workload, batchSize }: Pick<GridPoint, 'workload' | 'batchSize'>) =>
  strategy.tune === 'each' || batchSize === workload.baseBatch;

const finished = new Set(['complete', 'stopped', 'infeasible']);

/**
 * The edges of a study: each workload, strategy and batch size at which several rates were tried to the end, and whose best one (see `bestRate`) has no other
 * on one side. Where every rate diverged there is none.
 */
export function findEdges(study: MeasuredStudy, points: readonly GridPoint[]): Edge[] {
  const goals = new Map(study.workloads.map((w) => [w.name, goalOf(w)]));
  const key = (p: { workload: string; strategy: string; batchSize: number }) =>
    [p.workload, p.strategy, p.batchSize].join('\n');
  const places = new Map(
    points
      .filter((p) => isTuned(p.strategy, p))
      .map((p) => {
        const place = { workload: p.workload.name, strategy: p.strategy.name, batchSize: p.batchSize };
        return [key(place), place] as const;
      }),
  );
  const byPlace = groupBy(study.trials, key);
  return [...places].flatMap(([at, place]): Edge[] => {
    const trials = byPlace.get(at) ?? [];
    if (trials.some((t) => !finished.has(t.status))) return [];
    const goal = goals.get(place.workload)!;
    const groups = rateGroups(trials, goal);
    const best = bestRate(groups, goal);
    const edge = best && edgeOf(groups, best);
    if (!edge || best.trials.every(({ outcome }) => outcome.kind === 'infeasible')) return [];
    const { baseRate: rate } = best;
    const neighbour = groups.at(edge === 'lowest' ? 1 : -2)!.baseRate;
    return [
      {
        ...place,
        rate,
        side: edge === 'lowest' ? 'smallest' : 'largest',
        next: Number(((rate * rate) / neighbour).toPrecision(6)),
      },
    ];
  });
}

/** How often one place may be extended. */
const extensionsAllowed = 3;

/** Adds the next rate at each edge, as long as its place was not extended too often. Returns whether any was added. */
export function extend(store: StudyStore, edges: readonly Edge[]): boolean {
  const before = store.extensions();
  const added = edges
    .filter(
      (e) =>
        before.filter((x) => x.workload === e.workload && x.strategy === e.strategy && x.batchSize === e.batchSize)
          .length < extensionsAllowed,
    )
    .map(({ workload, strategy, batchSize, next }) => ({ workload, strategy, batchSize, baseRate: next }));
  store.extend(added);
  return added.length > 0;
}
