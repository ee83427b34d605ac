import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, reasonOf } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import type { OnProgress } from '../../base/progress.ts';
import { leastOf } from '../../base/statistics.ts';
import { readWeights, writeFileAtomic } from '../../formats/index.ts';
import { matchParameters } from '../../nn/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { linearErrorsKind, readDocument, toDocument } from '../../schema/index.ts';
import { StudyStore } from '../../store/index.ts';
import { planTraining } from '../../train/index.ts';
import { bestRateOf, isKnown, type LinearErrorRow, resolveTargets } from '../analysis/index.ts';
import { type OwnTrialSpec, trialSpecOf } from '../layout/trial-spec.ts';
import type { MeasuredTrial, MeasuredWorkload } from '../measured/measured.ts';
import { measuredIn } from '../measured/read-study.ts';
import { DataShelf } from '../study-data.ts';
import { linearApproximation } from './linear-approximation.ts';

export interface LinearErrorsRequest {
  /** Folder of a study of `ballast batch run`. */
  readonly folder: string;
  /** Of the data; where each trial found it unless told. */
  readonly data?: string | undefined;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Beside study.sqlite; `ballast batch report` reads it. */
const fileName = 'linear-errors.json';

/** One step length to try on the weights of a trial. */
interface Job {
  readonly workload: MeasuredWorkload;
  readonly strategy: string;
  /** The trial at the smallest batch, whose weights are used. */
  readonly base: MeasuredTrial;
  readonly batchSize: number;
  readonly rate: number;
}

/**
 * The linear-approximation error of the steps of a study: for every strategy whose update is a multiple of the gradient (SGD and momentum), at every batch size,
 * on the weights that its best run at the smallest batch had in the end. The rate is that of the strategy's rule at that size; with
 * momentum m it counts as rate / (1 - m). Batches are the first of the data stream. None for a study without such a strategy, two batch sizes and weights.
 */
export async function measureLinearErrors(request: LinearErrorsRequest): Promise<LinearErrorRow[]> {
  const { folder, data, runtime, signal, onProgress } = request;
  const store = await StudyStore.openToRead(folder);
  try {
    const study = measuredIn(store);
    const specs = new Map(
      store.trials().flatMap((t): [string, OwnTrialSpec][] => {
        const spec = trialSpecOf(t.spec, store.path);
        return spec.kind === 'own' ? [[t.id, spec]] : [];
      }),
    );
    const weightsOf = ({ id }: MeasuredTrial) => join(store.trialFolder(id), 'model.safetensors');
    const jobs = study.workloads.flatMap((workload) =>
      [
        ...groupBy(
          study.trials.filter((t) => t.workload === workload.name),
          (t) => t.strategy,
        ),
      ].flatMap(([strategy, trials]) =>
        jobsOf(workload, strategy, trials, (t) => isPlain(specs.get(t.id)) && existsSync(weightsOf(t))),
      ),
    );
    const shelf = new DataShelf();
    const rows: LinearErrorRow[] = [];
    for (const [i, { workload, strategy, base, batchSize, rate }] of jobs.entries()) {
      signal?.throwIfAborted();
      onProgress?.(i / jobs.length, `${workload.name}, ${strategy}, batch ${batchSize}`);
      const { config, data: dataSpec, dir } = specs.get(base.id)!;
      const given = await shelf.of(dataSpec, data ?? dir);
      const { model, task } = planTraining(config, given);
      const found = await linearApproximation({
        task,
        parameters: model.parameters,
        values: matchParameters(model.parameters, await readWeights(weightsOf(base)), weightsOf(base)),
        position: 0,
        batchSize,
        microBatch: Math.min(config.microBatch, batchSize),
        rates: [rate / (1 - (config.momentum ?? 0))],
        runtime,
        ...(signal ? { signal } : {}),
      });
      rows.push({
        workload: workload.name,
        strategy,
        batchSize,
        rate,
        error: found.points[0]!.error,
        absolute: found.points[0]!.absolute,
        at: `in the end of the run at batch ${base.batchSize}`,
      });
    }
    const { device = 'cpu', emission = 'auto', threads } = runtime;
    const asked = { folder, data, device, emission, threads };
    await writeFileAtomic(join(folder, fileName), JSON.stringify(toDocument(linearErrorsKind, asked, rows)));
    return rows;
  } finally {
    store.close();
  }
}

const isPlain = (spec: OwnTrialSpec | undefined) =>
  spec !== undefined && ['sgd', 'momentum', 'nesterov'].includes(spec.config.optimizer);

function jobsOf(
  workload: MeasuredWorkload,
  strategy: string,
  trials: readonly MeasuredTrial[],
  usable: (trial: MeasuredTrial) => boolean,
): Job[] {
  const ended = trials.filter((t) => (t.status === 'complete' || t.status === 'stopped') && usable(t));
  if (ended.length === 0) return [];
  const smallest = leastOf(ended.map((t) => t.batchSize));
  const atSmallest = ended.filter((t) => t.batchSize === smallest);
  const target = resolveTargets(workload, trials).find(isKnown);
  const rate = target ? bestRateOf(atSmallest, target) : atSmallest[0]!.baseRate;
  const base = atSmallest.find((t) => t.baseRate === rate)!;
  const sizes = [...groupBy(trials, (t) => t.batchSize)].sort(([a], [b]) => a - b);
  return sizes.length < 2
    ? []
    : sizes.map(([batchSize, own]): Job => {
        const best = target ? bestRateOf(own, target) : rate;
        const trial = own.find((t) => t.baseRate === best) ?? own[0]!;
        return { workload, strategy, base, batchSize, rate: trial.learningRate };
      });
}

/** What `measureLinearErrors` left in the folder of a study; none where it has not run. Throws FileError for a damaged file. */
export async function readLinearErrors(folder: string): Promise<readonly LinearErrorRow[]> {
  const path = join(folder, fileName);
  if (!existsSync(path)) return [];
  const { kind, result } = await readDocument(path).catch((cause: unknown) => {
    throw new FileError(
      path,
      `${reasonOf(cause).replace(`${path}: `, '')}; delete it and run \`ballast batch linear\` again`,
      { cause },
    );
  });
  if (kind !== linearErrorsKind)
    throw new FileError(path, `has the kind "${kind.kind}"; expected what \`ballast batch linear\` wrote`);
  return result as readonly LinearErrorRow[];
}
