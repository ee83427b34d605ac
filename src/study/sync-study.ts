import { existsSync } from 'node:fs';
import type { StudyStore, TrialRow } from '../store/index.ts';
import { hasUsedUp } from '../trials/index.ts';
import { shouldStop } from './declare/stopping.ts';
import type { LaidOutTrial, StudyLayout } from './layout/layout.ts';

/**
 * Makes the store's grid that of the study and queues what is missing: new trials, failed ones, those whose folder was deleted, and those that
 * ended before what the study asks for now. Trials that the study no longer asks for stay, out of the grid.
 */
export function syncStudy(store: StudyStore, layout: StudyLayout): void {
  for (const { formerId, id } of layout.trials) store.rename(formerId, id);
  store.replaceGrid({
    name: layout.name,
    text: layout.text,
    workloads: Object.fromEntries(layout.workloads.map((w) => [w.name, JSON.stringify(w)])),
    trials: layout.trials.map(({ id, spec, budgetSteps, budgetSeconds }) => ({
      id,
      spec: JSON.stringify(spec),
      budgetSteps,
      budgetSeconds,
    })),
    points: layout.points.map((p) => ({
      workload: p.workload.name,
      strategy: p.strategy.name,
      batchSize: p.batchSize,
      baseRate: p.baseRate,
      seed: p.seed,
      learningRate: p.learningRate,
      budgetSteps: p.budgetSteps,
      trialId: p.trialId,
    })),
  });
  for (const { id, status } of store.trials())
    if (status !== 'queued' && status !== 'running' && !existsSync(store.trialFolder(id))) store.forget(id);
  store.claims.queue(missingTrials(store, layout).map((t) => t.id));
}

/** The trials that the study asks for and the store does not have. */
export function missingTrials(store: StudyStore, layout: StudyLayout): LaidOutTrial[] {
  const rows = new Map(store.trials({ all: true }).map((row) => [row.id, row]));
  return layout.trials.filter((trial) => {
    const row = rows.get(trial.id) ?? rows.get(trial.formerId);
    return row === undefined || !isDone(store, row, trial);
  });
}

function isDone(store: StudyStore, { id, status, step }: TrialRow, trial: LaidOutTrial): boolean {
  const { budgetSteps, budgetSeconds, spec } = trial;
  switch (status) {
    case 'queued':
    case 'running':
    case 'failed':
      return false;
    case 'infeasible':
    case 'complete':
    case 'stopped': {
      if (!existsSync(store.trialFolder(id))) return false;
      if (status === 'infeasible' || step >= budgetSteps) return true;
      const curve = store.curve(id);
      if (budgetSeconds !== null && curve.at(-1)!.seconds >= budgetSeconds) return true;
      // A program logs its last steps as it likes.
      if (spec.kind === 'command' && status === 'complete' && hasUsedUp(curve, budgetSteps)) return true;
      return spec.rules.length > 0 && spec.rules.every((rule) => shouldStop(rule, curve, budgetSteps));
    }
  }
}
