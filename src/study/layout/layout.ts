import { dirname, resolve } from 'node:path';
import { largestOf, leastOf } from '../../base/statistics.ts';
import { dataNames } from '../../data/index.ts';
import { type ExtraRate, type GridPoint, gridOf, placeOf, type StudyGrid } from '../declare/grid.ts';
import type { StopRule } from '../declare/stopping.ts';
import { type Mistake, type ParsedStudy, StudyMistakes } from '../declare/study-file.ts';
import type { MeasuredWorkload } from '../measured/measured.ts';
import { DataShelf } from '../study-data.ts';
import { layOutCommand } from './command-workload.ts';
import type { PlannedTrial } from './laid-out-workload.ts';
import { layOutOwn } from './own-workload.ts';
import type { TrialSpec } from './trial-spec.ts';

export interface LaidOutPoint extends GridPoint {
  readonly trialId: string;
  readonly learningRate: number;
  readonly budgetSteps: number;
}

/** A computation, with all the points that come to it. */
export interface LaidOutTrial {
  readonly id: string;
  /** What earlier versions called it, which did not know the content of the data. */
  readonly formerId: string;
  readonly spec: TrialSpec;
  /** The most that any of its points allows. */
  readonly budgetSteps: number;
  /** Likewise; null when one of them has no bound in seconds. */
  readonly budgetSeconds: number | null;
  /** At least one. */
  readonly points: readonly LaidOutPoint[];
}

/** A study as it will be computed: every trial with its steps. */
export interface StudyLayout {
  readonly name: string;
  readonly text: string;
  readonly grid: StudyGrid;
  readonly workloads: readonly MeasuredWorkload[];
  readonly points: readonly LaidOutPoint[];
  /** In the order of work. */
  readonly trials: readonly LaidOutTrial[];
  /** Floating-point operations of training on one example, by workload: three times those of an evaluation; undefined for other programs. */
  readonly flopsPerExample: ReadonlyMap<string, number | undefined>;
}

export interface LayOutOptions {
  /** Folder of the data, for workloads that name none. */
  readonly dir?: string | undefined;
  /** Rates beyond the edges of the grid. */
  readonly extra?: readonly ExtraRate[];
  readonly shelf?: DataShelf;
}

/**
 * Lays a study out on its data: the trials with their steps and ids. Everything that cannot be computed as declared is named at once, before anything
 * runs. Throws StudyMistakes.
 */
export async function layOutStudy(parsed: ParsedStudy, options: LayOutOptions = {}): Promise<StudyLayout> {
  const { file, lineOf, path, text } = parsed;
  const { grid, mistakes: names } = gridOf(parsed, options);
  const mistakes: Mistake[] = [...names];
  const { shelf = new DataShelf() } = options;
  const every = file.evaluate?.every ?? '1ep';
  const cadence = { every, checkpointEvery: file.checkpointEvery ?? every };
  const keep = file.keep ?? 'checkpoint';
  const here = dirname(resolve(path));
  const workloads: MeasuredWorkload[] = [];
  const flopsPerExample = new Map<string, number | undefined>();
  const trials = new Map<string, { first: PlannedTrial; points: LaidOutPoint[] }>();
  for (const workload of grid.workloads) {
    // Its name is among the mistakes.
    if (workload.kind === 'own' && !Object.hasOwn(dataNames, workload.data.dataset)) continue;
    const mine = grid.points.filter((p) => p.workload === workload);
    const { mistakes: own, laidOut } =
      workload.kind === 'own'
        ? await layOutOwn(workload, mine, { shelf, cadence, keep })
        : await layOutCommand(workload, mine, here, keep);
    for (const { at, message, places } of own)
      mistakes.push({ line: lineOf(at), message: `${workload.name}${places ? ` (${places})` : ''}: ${message}` });
    if (!laidOut) continue;
    workloads.push(laidOut.facts);
    flopsPerExample.set(workload.name, laidOut.flopsPerExample);
    for (const planned of laidOut.points) {
      const { point, id, learningRate, budgetSteps } = planned;
      const trial = trials.get(id) ?? { first: planned, points: [] };
      trial.points.push({ ...point, trialId: id, learningRate, budgetSteps });
      trials.set(id, trial);
    }
  }
  const distinct = new Map(mistakes.map((m) => [`${m.line} ${m.message}`, m]));
  if (distinct.size > 0) throw new StudyMistakes(path, [...distinct.values()]);
  const order = new Map(grid.points.map((p, i) => [placeOf(p), i]));
  const place = (p: GridPoint) => order.get(placeOf(p))!;
  const laidOut = [...trials].map(([id, { first, points }]): LaidOutTrial => {
    const budgetSteps = largestOf(points.map((p) => p.budgetSteps));
    return {
      id,
      formerId: first.formerId,
      spec: first.specOf(budgetSteps, stopRules(points, workloads, file.early)),
      budgetSteps,
      budgetSeconds: budgetSecondsOf(points),
      points,
    };
  });
  const first = ({ points }: LaidOutTrial) => leastOf(points.map(place));
  laidOut.sort((a, b) => first(a) - first(b));
  const points = laidOut.flatMap((t) => t.points).sort((a, b) => place(a) - place(b));
  return { name: file.name, text, grid, workloads, points, trials: laidOut, flopsPerExample };
}

function budgetSecondsOf(points: readonly GridPoint[]): number | null {
  const seconds = points.map(({ workload, strategy: { budget = workload.budget, trainLonger } }) =>
    budget.seconds === undefined ? null : budget.seconds * trainLonger,
  );
  return seconds.includes(null) ? null : largestOf(seconds as number[]);
}

/** When a trial may end early: each of its points' workloads must agree. None when one of them must see its whole curve, or one of its points is declared to use up its budget. */
function stopRules(
  points: readonly LaidOutPoint[],
  workloads: readonly MeasuredWorkload[],
  early: ParsedStudy['file']['early'],
): readonly StopRule[] {
  if (early === false || points.some((p) => p.whole)) return [];
  const patience = typeof early === 'object' ? early.patience : 0.5;
  const rules: StopRule[] = [];
  for (const name of new Set(points.map((p) => p.workload.name))) {
    const { targets, metric } = workloads.find((w) => w.name === name)!;
    if (targets.length === 0 || targets.some((t) => t.rule.kind === 'quartile')) return [];
    rules.push({
      patience,
      targets: targets.flatMap(({ quantity, rule }) =>
        rule.kind === 'absolute'
          ? [{ quantity, value: rule.value, direction: quantity === 'valMetric' ? metric!.direction : 'min' }]
          : [],
      ),
    });
  }
  return rules;
}
