import { BallastError } from '../../base/errors.ts';
import { modelNamed } from '../../models/index.ts';
import { parameterCount } from '../../nn/index.ts';
import { summarize } from '../../onnx/index.ts';
import type { TrainingPlan } from '../../train/index.ts';
import type { GridPoint, OwnWorkload } from '../declare/grid.ts';
import { metricOf } from '../declare/metric.ts';
import type { MeasuredWorkload } from '../measured/measured.ts';
import { contentOf, type DataShelf, exampleCount, type StudyData } from '../study-data.ts';
import { type LaidOutWorkload, namedTargets } from './laid-out-workload.ts';
import { planPoints } from './plan-points.ts';
import type { Cadence } from './point-config.ts';
import type { Keep } from './trial-spec.ts';
import { trialId } from './trial-spec.ts';

/** Lays a workload out that Ballast trains itself: on its data, with its model. */
export async function layOutOwn(
  workload: OwnWorkload,
  points: readonly GridPoint[],
  { shelf, cadence, keep }: { readonly shelf: DataShelf; readonly cadence: Cadence; readonly keep: Keep },
): Promise<LaidOutWorkload> {
  const found = await dataOf(workload, shelf);
  if ('problem' in found) return { mistakes: [{ at: [...workload.at, found.key], message: found.problem }] };
  const { data } = found;
  const { planned, problems, plan } = planPoints(
    points.map((p) => ({ ...p, workload })),
    data,
    cadence,
  );
  const mistakes = problems.map(({ message, places }) => ({ at: workload.at, message, places }));
  if (!plan) return { mistakes };
  const spec = { ...workload.data, content: contentOf(data) };
  return {
    mistakes,
    laidOut: {
      facts: factsOf(workload, data, plan),
      flopsPerExample: 3 * summarize(plan.model.trace(1, plan.task.tokens)).flops!,
      points: planned.map(({ point, config, budgetSteps }) => ({
        point,
        budgetSteps,
        learningRate: config.lr,
        id: trialId(config, spec),
        formerId: trialId(config, workload.data),
        specOf: (steps, rules) => ({
          kind: 'own',
          config: { ...config, length: `${steps}st` },
          data: spec,
          dir: workload.dir,
          rules,
          keep,
        }),
      })),
    },
  };
}

/** A workload's data, or what is wrong with it or the model, and the key in the file that says so. */
async function dataOf(
  { model, data, dir }: OwnWorkload,
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

function factsOf(workload: OwnWorkload, data: StudyData, { model, task }: TrainingPlan): MeasuredWorkload {
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
    targets: namedTargets(workload, metric),
  };
}
