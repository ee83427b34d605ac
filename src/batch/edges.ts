import type { StudyStore } from '../store/index.ts';
import type { GridPoint } from './grid.ts';
import type { Direction, MeasuredStudy, MeasuredTrial, MeasuredWorkload, Quantity } from './measured.ts';
import { reaches } from './stopping.ts';
import type { Strategy } from './strategies.ts';

/** A place of the grid whose best rate is the smallest or the largest that was tried: there may be a better one beyond. */
export interface Edge {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly rate: number;
  readonly side: 'smallest' | 'largest';
  /** The next rate on that side, as far away as the last one. */
  readonly next: number;
}

/** How good a trial is: steps to the target first, then the best value. */
interface Score {
  readonly steps: number;
  readonly best: number;
}

const worst: Score = { steps: Number.POSITIVE_INFINITY, best: Number.POSITIVE_INFINITY };

interface Goal {
  readonly quantity: Quantity;
  readonly direction: Direction;
  /** None where the best value alone decides. */
  readonly value?: number;
}

/** What the rates of a workload are judged by: its first absolute target, or else the best loss on held-out data. */
function goalOf({ targets, metric }: MeasuredWorkload): Goal {
  for (const { quantity, rule } of targets) {
    if (rule.kind !== 'absolute') continue;
    return { quantity, value: rule.value, direction: quantity === 'valMetric' ? (metric?.direction ?? 'max') : 'min' };
  }
  return { quantity: targets[0]?.quantity ?? 'valLoss', direction: 'min' };
}

function scoreOf(trial: MeasuredTrial, { quantity, direction, value }: Goal): Score {
  if (trial.status === 'infeasible') return worst;
  let score = worst;
  for (const m of trial.measurements) {
    const now = m[quantity];
    if (now === null) continue;
    const reached = value !== undefined && reaches(now, value, direction);
    if (reached && score.steps === worst.steps) score = { ...score, steps: m.step };
    score = { ...score, best: Math.min(score.best, direction === 'min' ? now : -now) };
  }
  return score;
}

const better = (a: Score, b: Score) => a.steps - b.steps || a.best - b.best || 0;

/** The middle one, of an even number the worse. */
const median = (scores: readonly Score[]) => [...scores].sort(better)[scores.length >> 1] ?? worst;

/** Whether a grid of rates is searched here: at every batch size, or at the base batch alone, whose rate the rule carries to the others. */
const isTuned = (strategy: Strategy, { workload, batchSize }: Pick<GridPoint, 'workload' | 'batchSize'>) =>
  strategy.tune === 'each' || batchSize === workload.baseBatch;

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

const finished = new Set(['complete', 'stopped', 'infeasible']);

/**
 * The edges of a study: each workload, strategy and batch size at which several rates were tried to the end, and whose best one (median over the
 * seeds; fewest steps to the first absolute target, then the best value) has no other on one side.
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
  const byPlace = grouped(study.trials, key);
  return [...places].flatMap(([at, place]): Edge[] => {
    const trials = byPlace.get(at) ?? [];
    if (trials.some((t) => !finished.has(t.status))) return [];
    const byRate = grouped(trials, (t) => t.baseRate);
    const rates = [...byRate.keys()].sort((a, b) => a - b);
    if (rates.length < 2) return [];
    const goal = goals.get(place.workload)!;
    const scores = rates.map((rate) => median(byRate.get(rate)!.map((t) => scoreOf(t, goal))));
    const best = scores.reduce((b, score, i) => (better(score, scores[b]!) < 0 ? i : b), 0);
    if (scores[best]!.best === worst.best || (best > 0 && best < rates.length - 1)) return [];
    const [rate, neighbour] = [rates[best]!, rates[best === 0 ? 1 : best - 1]!];
    return [
      {
        ...place,
        rate,
        side: best === 0 ? 'smallest' : 'largest',
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
