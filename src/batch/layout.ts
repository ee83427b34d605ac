import { isText } from '../data/index.ts';
import { BallastError, UsageError } from '../errors.ts';
import { parameterCount } from '../nn/index.ts';
import { summarize } from '../onnx/index.ts';
import { planTraining, type RunConfig, type TrainingPlan } from '../train/index.ts';
import { type ExtraRate, type GridPoint, gridOf, type StudyGrid, type Workload } from './grid.ts';
import type { MeasuredWorkload } from './measured.ts';
import { metricOf } from './metric.ts';
import { pointConfig } from './point-config.ts';
import type { StopRule } from './stopping.ts';
import { DataShelf, exampleCount, type StudyData } from './study-data.ts';
import { type Mistake, type ParsedStudy, StudyMistakes } from './study-file.ts';
import type { Budget } from './study-schema.ts';
import { type TrialSpec, trialId } from './trial-spec.ts';

export interface LaidOutPoint extends GridPoint {
  readonly trialId: string;
  readonly learningRate: number;
  readonly budgetSteps: number;
}

/** A computation, with all the points that come to it. */
export interface LaidOutTrial {
  readonly id: string;
  readonly spec: TrialSpec;
  /** The most that any of its points allows. */
  readonly budgetSteps: number;
  /** Likewise; null when one of them has no bound in seconds. */
  readonly budgetSeconds: number | null;
  readonly points: readonly LaidOutPoint[];
}

/** A study as it will be computed: every trial with its steps. */
export interface StudyLayout {
  readonly name: string;
  readonly text: string;
  readonly grid: StudyGrid;
  readonly workloads: readonly MeasuredWorkload[];
  readonly points: readonly LaidOutPoint[];
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

/** The steps that a budget comes to. */
function stepsOf(budget: Budget, factor: number, { batches, task }: TrainingPlan): number {
  const counts = [
    ...(budget.epochs === undefined ? [] : [`${budget.epochs * factor}ep`]),
    ...(budget.examples === undefined ? [] : [`${Math.round(budget.examples * factor)}${task.tokens ? 'tok' : 'ex'}`]),
    ...(budget.steps === undefined ? [] : [`${Math.round(budget.steps * factor)}st`]),
  ];
  return Math.max(1, Math.min(...counts.map((text) => batches.steps(text, 'budget'))));
}

const maxOf = (budgets: readonly (number | null)[]): number | null =>
  budgets.includes(null) ? null : Math.max(...(budgets as number[]));

/**
 * Lays a study out on its data: the trials with their steps and ids. Everything that cannot be computed as declared is named at once, before anything
 * runs. Throws StudyMistakes.
 */
export async function layOutStudy(parsed: ParsedStudy, options: LayOutOptions = {}): Promise<StudyLayout> {
  const { file, lineOf, path } = parsed;
  const { grid, mistakes: wrongNames } = gridOf(parsed, options);
  const mistakes: Mistake[] = [...wrongNames];
  const shelf = options.shelf ?? new DataShelf();
  const every = file.evaluate?.every ?? '1ep';
  const cadence = { every, checkpointEvery: file.checkpointEvery ?? every };
  const measured: MeasuredWorkload[] = [];
  const flopsPerExample = new Map<string, number>();
  const points: LaidOutPoint[] = [];
  const specs = new Map<string, { spec: TrialSpec; points: LaidOutPoint[] }>();
  for (const workload of grid.workloads) {
    const wrong = (cause: unknown, context = '') => {
      if (!(cause instanceof BallastError)) throw cause;
      mistakes.push({ line: lineOf(workload.at), message: `${workload.name}${context}: ${cause.message}` });
    };
    let data: StudyData;
    try {
      data = await shelf.of(workload.data, workload.dir);
    } catch (cause) {
      wrong(cause);
      continue;
    }
    const plans = new Map<string, TrainingPlan | undefined>();
    const mine = grid.points.filter((p) => p.workload === workload);
    for (const point of mine) {
      const { strategy, batchSize } = point;
      // Seeds and rates change nothing in what goes together.
      const key = `${strategy.name}\n${batchSize}`;
      try {
        if (plans.has(key) && !plans.get(key)) continue;
        const config = { ...pointConfig(point, cadence), length: '1st' };
        const plan = plans.get(key) ?? planTraining(config, data);
        if (!plans.has(key)) {
          plans.set(key, undefined);
          requirePossible(point, data, plan, config);
          plans.set(key, plan);
        }
        const budget = strategy.budget ?? workload.budget;
        const budgetSteps = stepsOf(budget, strategy.trainLonger, plan);
        const warmup = plan.batches.steps(config.warmup, 'warmup');
        if (warmup > budgetSteps) {
          plans.set(key, undefined);
          throw new UsageError(`the warm-up of ${config.warmup} is longer than the budget of ${budgetSteps} steps`);
        }
        const full = { ...config, length: `${budgetSteps}st` };
        const id = trialId(full, workload.data);
        const laidOut = { ...point, trialId: id, learningRate: config.lr, budgetSteps };
        points.push(laidOut);
        const entry = specs.get(id);
        if (entry) entry.points.push(laidOut);
        else {
          const { data: spec, dir } = workload;
          const keep = file.keep ?? 'checkpoint';
          specs.set(id, { spec: { config: full, data: spec, dir, rules: [], keep }, points: [laidOut] });
        }
      } catch (cause) {
        plans.set(key, undefined);
        wrong(cause, `, ${strategy.name}, batch ${batchSize}`);
      }
    }
    const plan = [...plans.values()].find((p) => p !== undefined);
    if (!plan) continue;
    measured.push(factsOf(workload, data, plan));
    flopsPerExample.set(workload.name, 3 * summarize(plan.model.trace(1, plan.task.tokens)).flops!);
  }
  if (mistakes.length > 0) throw new StudyMistakes(path, mistakes);
  // A sorted list of the points gives the order of work; trials follow their first point.
  const order = new Map(grid.points.map((p, i) => [keyOf(p), i]));
  points.sort((a, b) => order.get(keyOf(a))! - order.get(keyOf(b))!);
  const trials = [...new Set(points.map((p) => p.trialId))].map((id): LaidOutTrial => {
    const { spec, points: own } = specs.get(id)!;
    const budgetSteps = Math.max(...own.map((p) => p.budgetSteps));
    const seconds = own.map((p) => {
      const { budget = p.workload.budget, trainLonger } = p.strategy;
      return budget.seconds === undefined ? null : budget.seconds * trainLonger;
    });
    const rules = stopRules(own, measured, file.early);
    return {
      id,
      spec: { ...spec, rules, config: { ...spec.config, length: `${budgetSteps}st` } },
      budgetSteps,
      budgetSeconds: maxOf(seconds),
      points: own,
    };
  });
  return { name: file.name, text: parsed.text, grid, workloads: measured, points, trials, flopsPerExample };
}

const keyOf = ({ workload, strategy, batchSize, baseRate, seed }: GridPoint) =>
  [workload.name, strategy.name, batchSize, baseRate, seed].join('\n');

/** Throws UsageError for a batch that the data has not enough examples for. */
function requirePossible({ batchSize }: GridPoint, data: StudyData, plan: TrainingPlan, config: RunConfig): void {
  const { train } = data;
  if (!isText(train) && batchSize > train.count)
    throw new UsageError(`the batch has more examples than the training data, which has ${train.count}`);
  if (config.growth && plan.model.state !== undefined)
    throw new UsageError('the batch of a recurrent network cannot grow: each row continues a text');
}

function factsOf(workload: Workload, data: StudyData, { model, task }: TrainingPlan): MeasuredWorkload {
  return {
    name: workload.name,
    model: workload.model,
    dataset: workload.data.dataset,
    fraction: workload.data.fraction,
    complexity: workload.data.complexity,
    examples: exampleCount(data.train),
    metric: metricOf(task.metric),
    parameters: parameterCount(model.parameters),
    targets: workload.targets.map((t) => ({ ...t, name: targetName(t.name, t, task.metric) })),
  };
}

/** A default name such as `valMetric 0.9` says which way is better: `valMetric>=0.9`. */
function targetName(
  name: string,
  { quantity, rule }: MeasuredWorkload['targets'][number],
  metric: TrainingPlan['task']['metric'],
): string {
  if (rule.kind !== 'absolute' || name !== `${quantity} ${rule.value}`) return name;
  const up = quantity === 'valMetric' && metricOf(metric).direction === 'max';
  return `${quantity}${up ? '>=' : '<='}${rule.value}`;
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
