import { dataNames } from '../data/index.ts';
import { BallastError } from '../errors.ts';
import { modelNamed } from '../models/index.ts';
import { parameterCount } from '../nn/index.ts';
import { summarize } from '../onnx/index.ts';
import { largestOf, leastOf } from '../statistics.ts';
import type { RunConfig, TrainingPlan } from '../train/index.ts';
import { type ExtraRate, type GridPoint, gridOf, type StudyGrid, type Workload } from './grid.ts';
import type { MeasuredWorkload } from './measured.ts';
import { metricOf } from './metric.ts';
import { planPoints } from './plan-points.ts';
import type { StopRule } from './stopping.ts';
import { contentOf, DataShelf, type DataSpec, exampleCount, type StudyData } from './study-data.ts';
import { type Mistake, type ParsedStudy, StudyMistakes } from './study-file.ts';
import { type TrialSpec, trialId } from './trial-spec.ts';

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
  /** Floating-point operations of training on one example, by workload: three times those of an evaluation. */
  readonly flopsPerExample: ReadonlyMap<string, number>;
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
  const workloads: MeasuredWorkload[] = [];
  const flopsPerExample = new Map<string, number>();
  const trials = new Map<string, { config: RunConfig; data: DataSpec; points: LaidOutPoint[] }>();
  for (const workload of grid.workloads) {
    // Its name is among the mistakes.
    if (!Object.hasOwn(dataNames, workload.data.dataset)) continue;
    const found = await dataOf(workload, shelf);
    if ('problem' in found) {
      const line = lineOf([...workload.at, found.key]);
      mistakes.push({ line, message: `${workload.name}: ${found.problem}` });
      continue;
    }
    const { data } = found;
    const mine = grid.points.filter((p) => p.workload === workload);
    const { planned, problems, plan } = planPoints(mine, data, cadence);
    for (const { message, places } of problems) {
      mistakes.push({
        line: lineOf(workload.at),
        message: `${workload.name}${places ? ` (${places})` : ''}: ${message}`,
      });
    }
    if (!plan) continue;
    workloads.push(factsOf(workload, data, plan));
    flopsPerExample.set(workload.name, 3 * summarize(plan.model.trace(1, plan.task.tokens)).flops!);
    const spec = { ...workload.data, content: contentOf(data) };
    for (const { point, config, budgetSteps } of planned) {
      const id = trialId(config, spec);
      const trial = trials.get(id) ?? { config, data: spec, points: [] };
      trial.points.push({ ...point, trialId: id, learningRate: config.lr, budgetSteps });
      trials.set(id, trial);
    }
  }
  const distinct = new Map(mistakes.map((m) => [`${m.line} ${m.message}`, m]));
  if (distinct.size > 0) throw new StudyMistakes(path, [...distinct.values()]);
  const order = new Map(grid.points.map((p, i) => [placeOf(p), i]));
  const place = (p: GridPoint) => order.get(placeOf(p))!;
  const laidOut = [...trials].map(([id, { config, data, points }]): LaidOutTrial => {
    const budgetSteps = largestOf(points.map((p) => p.budgetSteps));
    return {
      id,
      formerId: trialId(config, points[0]!.workload.data),
      spec: {
        config: { ...config, length: `${budgetSteps}st` },
        data,
        dir: points[0]!.workload.dir,
        rules: stopRules(points, workloads, file.early),
        keep: file.keep ?? 'checkpoint',
      },
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

const placeOf = ({ workload, strategy, batchSize, baseRate, seed }: GridPoint) =>
  [workload.name, strategy.name, batchSize, baseRate, seed].join('\n');

/** A workload's data, or what is wrong with it or the model, and the key in the file that says so. */
async function dataOf(
  { model, data, dir }: Workload,
  shelf: DataShelf,
): Promise<{ readonly data: StudyData } | { readonly key: string; readonly problem: string }> {
  let key = 'model';
  try {
    modelNamed(model);
    key = 'dataset';
    return { data: await shelf.of(data, dir) };
  } catch (cause) {
    if (!(cause instanceof BallastError)) throw cause;
    return { key, problem: cause.message };
  }
}

function budgetSecondsOf(points: readonly GridPoint[]): number | null {
  const seconds = points.map(({ workload, strategy: { budget = workload.budget, trainLonger } }) =>
    budget.seconds === undefined ? null : budget.seconds * trainLonger,
  );
  return seconds.includes(null) ? null : largestOf(seconds as number[]);
}

function factsOf(workload: Workload, data: StudyData, { model, task }: TrainingPlan): MeasuredWorkload {
  const metric = metricOf(task.metric);
  return {
    name: workload.name,
    model: workload.model,
    dataset: workload.data.dataset,
    fraction: workload.data.fraction,
    complexity: workload.data.complexity,
    examples: exampleCount(data.train),
    metric,
    parameters: parameterCount(model.parameters),
    targets: workload.targets.map(({ name, quantity, rule }) => {
      if (name !== undefined) return { name, quantity, rule };
      if (rule.kind === 'quartile') return { name: `${quantity} quartile ${rule.q}`, quantity, rule };
      const sign = quantity === 'valMetric' && metric.direction === 'max' ? '>=' : '<=';
      return { name: `${quantity}${sign}${rule.value}`, quantity, rule };
    }),
  };
}

/** When a trial may end early: each of its points' workloads must agree. None when one of them must see its whole curve. */
function stopRules(
  points: readonly LaidOutPoint[],
  workloads: readonly MeasuredWorkload[],
  early: ParsedStudy['file']['early'],
): readonly StopRule[] {
  if (early === false) return [];
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
