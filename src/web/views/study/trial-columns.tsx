import { formatCount, formatNumber } from '../../../report/numbers.ts';
import type { TrialState } from '../../../schema/serve/index.ts';
import type { Column } from '../../parts/virtual-table.tsx';

/** A trial with what became of it. */
export interface TrialRow extends TrialState {
  /** Of the quantity of the primary target. */
  readonly best: number | null;
  /** Step at which the target was first met. */
  readonly reachedAt: number | null;
}

export const stateOf = ({ status, held }: TrialState): string => (held ? 'cancelled' : status);

const orDash = (value: number | null, format: (x: number) => string) => (value === null ? '–' : format(value));

/** The columns of the table of trials beside the one that they are chosen in. */
export const trialColumns: readonly Column<TrialRow>[] = [
  {
    key: 'status',
    title: 'status',
    width: '112px',
    by: stateOf,
    cell: (t) => (
      <span title={t.note ?? undefined}>
        <i class={`mark ${t.held ? 'held' : t.status}`} aria-hidden="true" /> {stateOf(t)}
      </span>
    ),
  },
  { key: 'workload', title: 'workload', width: 'minmax(90px, 1fr)', by: (t) => t.workload, cell: (t) => t.workload },
  { key: 'strategy', title: 'strategy', width: '90px', by: (t) => t.strategy, cell: (t) => t.strategy },
  {
    key: 'batch',
    title: 'batch',
    width: '72px',
    number: true,
    by: (t) => t.batchSize,
    cell: (t) => formatCount(t.batchSize),
  },
  {
    key: 'rate',
    title: 'rate',
    width: '82px',
    number: true,
    by: (t) => t.learningRate,
    cell: (t) => formatNumber(t.learningRate),
  },
  { key: 'seed', title: 'seed', width: '56px', number: true, by: (t) => t.seed, cell: (t) => t.seed },
  {
    key: 'step',
    title: 'step',
    width: '136px',
    number: true,
    by: (t) => t.step,
    cell: (t) => `${formatCount(t.step)} / ${formatCount(t.budgetSteps)}`,
  },
  {
    key: 'best',
    title: 'best',
    width: '84px',
    number: true,
    by: (t) => t.best,
    cell: (t) => orDash(t.best, (x) => formatNumber(x, 4)),
  },
  {
    key: 'reached',
    title: 'target at',
    width: '92px',
    number: true,
    by: (t) => t.reachedAt,
    cell: (t) => orDash(t.reachedAt, formatCount),
  },
];
