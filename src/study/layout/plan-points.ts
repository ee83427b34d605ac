import { BallastError, UsageError } from '../../base/errors.ts';
import { leastOf } from '../../base/statistics.ts';
import { isText } from '../../data/index.ts';
import { planTraining, type RunConfig, type TrainingPlan } from '../../train/index.ts';
import { ampleBudget } from '../../verdict/index.ts';
import type { GridPoint } from '../declare/grid.ts';
import type { Budget } from '../declare/study-schema.ts';
import type { StudyData } from '../study-data.ts';
import { type Cadence, type OwnPoint, pointConfig } from './point-config.ts';

export interface PlannedPoint {
  readonly point: GridPoint;
  readonly config: RunConfig;
  readonly budgetSteps: number;
}

/** Why some of a workload's points cannot be computed, and which: `undefined` where it is all of them. */
export interface Problem {
  readonly message: string;
  readonly places: string | undefined;
}

export interface PlannedPoints {
  readonly planned: readonly PlannedPoint[];
  readonly problems: readonly Problem[];
  /** Of any of the points: they all have the model and the task. Undefined when none can be computed. */
  readonly plan: TrainingPlan | undefined;
}

/** The steps that a budget comes to at a batch size. Throws UsageError for one that the budget has no steps for. */
function stepsOf(budget: Budget, factor: number, batchSize: number, { batches, task }: TrainingPlan): number {
  const { leastSteps = 0 } = budget;
  const steps = typeof budget.steps === 'object' ? budget.steps[String(batchSize)] : budget.steps;
  if (budget.steps !== undefined && steps === undefined)
    throw new UsageError(
      `the budget has no steps for batch size ${batchSize}; it has them for ${Object.keys(budget.steps).join(', ')}`,
    );
  const counts = [
    ...(budget.epochs === undefined ? [] : [`${budget.epochs * factor}ep`]),
    ...(budget.examples === undefined ? [] : [`${Math.round(budget.examples * factor)}${task.tokens ? 'tok' : 'ex'}`]),
    ...(steps === undefined ? [] : [`${Math.round(steps * factor)}st`]),
  ];
  const floor = Math.ceil(ampleBudget * leastSteps);
  return Math.max(1, floor, leastOf(counts.map((text) => batches.steps(text, 'budget'))));
}

/** What seeds and rates change nothing in. Throws UsageError for what does not go together. */
function possible(point: OwnPoint, data: StudyData, cadence: Cadence): { plan: TrainingPlan; budgetSteps: number } {
  const { workload, strategy, batchSize } = point;
  const config = { ...pointConfig(point, cadence), length: '1st' };
  if (!isText(data.train) && batchSize > data.train.count)
    throw new UsageError(`the batch has more examples than the training data, which has ${data.train.count}`);
  const plan = planTraining(config, data);
  if (config.growth && plan.model.state !== undefined)
    throw new UsageError('the batch of a recurrent network cannot grow: each row continues a text');
  const budgetSteps = stepsOf(strategy.budget ?? workload.budget, strategy.trainLonger, batchSize, plan);
  if (plan.batches.steps(config.warmup, 'warmup') > budgetSteps)
    throw new UsageError(`the warm-up of ${config.warmup} is longer than the budget`);
  for (const [name, every] of Object.entries(cadence)) plan.batches.every(every, name);
  return { plan, budgetSteps };
}

/** Lays the points of one workload out on its data. */
export function planPoints(points: readonly OwnPoint[], data: StudyData, cadence: Cadence): PlannedPoints {
  const placeOf = ({ strategy, batchSize }: GridPoint) => `${strategy.name}, batch ${batchSize}`;
  const places = new Map<string, ReturnType<typeof possible> | undefined>();
  const problems = new Map<string, string[]>();
  const planned: PlannedPoint[] = [];
  for (const point of points) {
    const place = placeOf(point);
    try {
      if (!places.has(place)) places.set(place, undefined).set(place, possible(point, data, cadence));
      const found = places.get(place);
      if (!found) continue;
      const { budgetSteps } = found;
      planned.push({ point, budgetSteps, config: { ...pointConfig(point, cadence), length: `${budgetSteps}st` } });
    } catch (cause) {
      if (!(cause instanceof BallastError)) throw cause;
      problems.set(cause.message, [...(problems.get(cause.message) ?? []), place]);
    }
  }
  return {
    planned,
    problems: [...problems].map(([message, at]) => ({
      message,
      places: at.length === places.size ? undefined : at.join('; '),
    })),
    plan: [...places.values()].find((found) => found !== undefined)?.plan,
  };
}
