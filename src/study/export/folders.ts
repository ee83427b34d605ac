import { join } from 'node:path';
import { makeFolder, pathBelow, writeFileAtomic } from '../../formats/index.ts';
import type { MeasuredStudy, MeasuredWorkload, TrialStatus } from '../measured/measured.ts';
import { csvOf } from './csv.ts';
import { curveColumns } from './table.ts';

const statuses: Readonly<Record<TrialStatus, 'COMPLETE' | 'INCOMPLETE' | 'INFEASIBLE'>> = {
  complete: 'COMPLETE',
  stopped: 'COMPLETE',
  infeasible: 'INFEASIBLE',
  queued: 'INCOMPLETE',
  running: 'INCOMPLETE',
  failed: 'INCOMPLETE',
};

/** Workloads that differ in more than data and model (a share of it, its complexity) lie in a folder of their own. */
function folderOf(workload: MeasuredWorkload, all: readonly MeasuredWorkload[]): string[] {
  const { dataset, model, name } = workload;
  const alike = all.filter((w) => w.dataset === dataset && w.model === model);
  return alike.length > 1 ? [name, dataset, model] : [dataset, model];
}

/** `val_accuracy`, `val_perplexity`, `val_miou`: here the name of the column says what it is. */
const metricColumn = ({ metric }: MeasuredWorkload) => `val_${metric?.name.replace('meanIoU', 'miou') ?? 'metric'}`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes a study in the layout of the published measurements of Shallue et al. (arXiv 1811.03600):
 *
 *     dataset/model/optimizer/batch_size/study.json
 *     dataset/model/optimizer/batch_size/trial_id/{metadata.json, measurements.csv}
 *
 * A strategy is an optimizer; trials are numbered in the order of the study. Throws FileError, also for a name that would lead out of `to`.
 */
export async function writeFolders({ workloads, trials }: MeasuredStudy, to: string): Promise<void> {
  const counts = new Map<string, number>();
  for (const trial of trials) {
    const workload = workloads.find((w) => w.name === trial.workload)!;
    const study = pathBelow(to, ...folderOf(workload, workloads), trial.strategy, String(trial.batchSize));
    const number = (counts.get(study) ?? 0) + 1;
    counts.set(study, number);
    const folder = join(study, String(number));
    await makeFolder(folder);
    if (number === 1) {
      const { dataset, model } = workload;
      await writeFileAtomic(
        join(study, 'study.json'),
        json({ batch_size: trial.batchSize, dataset, model, optimizer: trial.strategy }),
      );
    }
    await writeFileAtomic(
      join(folder, 'metadata.json'),
      json({
        trial_id: number,
        status: statuses[trial.status],
        steps: trial.budgetSteps,
        parameters: { learning_rate: trial.learningRate, base_learning_rate: trial.baseRate, seed: trial.seed },
        id: trial.id,
        seconds_per_step: trial.secondsPerStep,
        hardware: trial.hardware,
      }),
    );
    const rows = trial.measurements.map((m) => curveColumns.map(([, key]) => m[key]));
    await writeFileAtomic(
      join(folder, 'measurements.csv'),
      csvOf(
        curveColumns.map(([name, key]) => (key === 'valMetric' ? metricColumn(workload) : name)),
        rows,
      ),
    );
  }
}
