import { existsSync } from 'node:fs';
import type { StudyStore } from '../store/index.ts';
import type { StudyLayout } from './layout.ts';
import { shouldStop } from './stopping.ts';

/**
 * Makes the store's grid that of the study and queues what is missing: new trials, failed ones, those whose folder was deleted, and those that
 * ended before what the study asks for now. Trials that the study no longer asks for stay, out of the grid.
 */
export function syncStudy(store: StudyStore, layout: StudyLayout): void {
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
  const specs = new Map(layout.trials.map((t) => [t.id, t.spec]));
  const again: string[] = [];
  for (const { id, status, step, budgetSteps, budgetSeconds } of store.trials()) {
    if (status === 'running' || status === 'queued') continue;
    if (!existsSync(store.trialFolder(id))) {
      store.forget(id);
      continue;
    }
    if (status === 'failed') again.push(id);
    if (status === 'infeasible' || status === 'failed' || step >= budgetSteps) continue;
    const curve = store.curve(id);
    const { rules } = specs.get(id)!;
    const usedUp = budgetSeconds !== null && curve.at(-1)!.seconds >= budgetSeconds;
    const stops = rules.length > 0 && rules.every((rule) => shouldStop(rule, curve, budgetSteps));
    if (!usedUp && !stops) again.push(id);
  }
  store.claims.queue(again);
}
