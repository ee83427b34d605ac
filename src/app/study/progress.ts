import type { ProcessReport } from '../../queue/index.ts';
import type { TrialRow } from '../../store/index.ts';
import { pointName, type StudyLayout } from '../../study/index.ts';

/** What became of a trial, in words that can be shown. */
export interface TrialNews {
  readonly id: string;
  /** Workload, strategy, batch, rate and seed. */
  readonly name: string;
  readonly step: number;
  readonly budgetSteps: number;
  /** Of the last step; null where it is not finite, undefined where none was told. */
  readonly loss?: number | null | undefined;
  /** Where it has ended, how. */
  readonly ended?: string | undefined;
}

/** How far a study is, by the floating-point operations that are done of those that it asks for; by examples, where another program trains. */
export class StudyProgress {
  readonly study: string;
  /** Trials of the study. */
  readonly trials: number;
  /** Work of all of them. */
  readonly total: number;
  readonly #known: ReadonlyMap<string, { readonly name: string; readonly budgetSteps: number; readonly work: number }>;
  readonly #done = new Map<string, number>();
  #ended = 0;

  constructor({ name: study, trials: laidOut, flopsPerExample }: StudyLayout, trials: readonly TrialRow[]) {
    this.study = study;
    this.trials = laidOut.length;
    const isCounted = [...flopsPerExample.values()].every((flops) => flops !== undefined);
    this.#known = new Map(
      laidOut.map(({ id, budgetSteps, points: [point] }) => {
        const { workload, strategy, batchSize } = point!;
        const name = pointName({ ...point!, workload: workload.name, strategy: strategy.name });
        const work = (isCounted ? flopsPerExample.get(workload.name)! : 1) * batchSize;
        return [id, { name, budgetSteps, work }];
      }),
    );
    for (const { id, status, step, budgetSteps } of trials) {
      const waits = status === 'queued' || status === 'running';
      this.#done.set(id, waits ? Math.min(step, budgetSteps) : budgetSteps);
      if (!waits) this.#ended++;
    }
    this.total = this.#work((_, budget) => budget);
  }

  /** Trials that have ended. */
  get ended(): number {
    return this.#ended;
  }

  /** Work that is done, of `total`. */
  get done(): number {
    return this.#work((id) => this.#done.get(id) ?? 0);
  }

  /** Takes in what a process told, and gives back what that says of a trial; undefined where it says nothing of one of this study. */
  take(report: ProcessReport): TrialNews | undefined {
    const trial = report.kind === 'broken' ? undefined : this.#known.get(report.id);
    if (report.kind === 'broken' || !trial) return undefined;
    const { id } = report;
    const { name, budgetSteps } = trial;
    if (report.kind !== 'ended') {
      this.#done.set(id, report.step);
      return { id, name, budgetSteps, step: report.step, loss: report.kind === 'step' ? report.loss : undefined };
    }
    const step = this.#done.get(id) ?? 0;
    // Its process has ended, and the trial waits for another.
    if (report.status === 'queued') return { id, name, budgetSteps, step };
    this.#done.set(id, budgetSteps);
    this.#ended++;
    return { id, name, budgetSteps, step, ended: `${report.status}${report.note ? ` (${report.note})` : ''}` };
  }

  #work(steps: (id: string, budget: number) => number): number {
    return [...this.#known].reduce((sum, [id, t]) => sum + steps(id, t.budgetSteps) * t.work, 0);
  }
}
