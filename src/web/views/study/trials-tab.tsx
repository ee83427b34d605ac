import { useMemo, useState } from 'preact/hooks';
import type { StudyAnalysis, TrialState } from '../../../schema/serve/index.ts';
import { linkTo, set, useRoute } from '../../parts/route.ts';
import { type Column, type Sorting, sorted, VirtualTable } from '../../parts/virtual-table.tsx';
import { stateOf, type TrialRow, trialColumns } from './trial-columns.tsx';
import { ofText, textOf } from './trial-names.ts';

interface TrialsTabProps {
  readonly study: string;
  readonly trials: readonly TrialState[];
  readonly analysis: StudyAnalysis | undefined;
  /** Whether trials can be queued and cancelled. */
  readonly steered: boolean;
  readonly onRequeue: (ids: readonly string[]) => void;
  readonly onCancel: (ids: readonly string[]) => void;
}

export function TrialsTab({ study, trials, analysis, steered, onRequeue, onCancel }: TrialsTabProps) {
  const { query } = useRoute();
  const filter = (query.get('filter') ?? '').toLowerCase();
  const status = query.get('status') ?? '';
  // Of other studies, with which these are to be compared.
  const beside = query.get('with') ?? '';
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [key, direction] = (query.get('sort') ?? '').split('-');
  const sorting: Sorting | undefined = key ? { key, down: direction === 'down' } : undefined;
  const outcomes = useMemo(() => new Map((analysis?.outcomes ?? []).map((o) => [o.trial, o])), [analysis]);
  const choose = (ids: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    setChosen(next);
  };
  const columns: readonly Column<TrialRow>[] = [
    {
      key: 'chosen',
      title: '',
      width: '34px',
      cell: (t) => (
        <input
          type="checkbox"
          aria-label={`Choose ${t.strategy}, batch ${t.batchSize}, rate ${t.learningRate}, seed ${t.seed}`}
          checked={chosen.has(t.id)}
          onChange={(e) => choose([t.id], e.currentTarget.checked)}
        />
      ),
    },
    ...trialColumns,
  ];
  const searched = ({ workload, strategy, batchSize, seed, id, note }: TrialState) =>
    `${workload} ${strategy} ${batchSize} ${seed} ${id} ${note ?? ''}`.toLowerCase();
  const rows = trials
    .filter((t) => (status === '' || stateOf(t) === status) && (filter === '' || searched(t).includes(filter)))
    .map((t): TrialRow => {
      const { best = null, reachedAt = null } = outcomes.get(t.id) ?? {};
      return { ...t, best, reachedAt };
    });
  const shown = sorted(rows, columns, sorting);
  const ids = [...chosen].filter((id) => trials.some((t) => t.id === id));
  const first = sorted(rows, columns, { key: 'reached', down: false }).filter((t) => t.reachedAt !== null);
  const failed = trials.filter((t) => t.note !== null);
  return (
    <>
      <div class="tools">
        <label>
          Filter{' '}
          <input
            type="search"
            value={query.get('filter') ?? ''}
            onInput={(e) => set({ filter: e.currentTarget.value })}
          />
        </label>
        <label>
          Status{' '}
          <select value={status} onChange={(e) => set({ status: e.currentTarget.value })}>
            <option value="">all</option>
            {[...new Set(trials.map(stateOf))].sort().map((s) => (
              <option key={s} value={s}>
                {s}
              </option>
            ))}
          </select>
        </label>
        <span role="status">
          {shown.length} of {trials.length}, {ids.length} chosen
        </span>
        <button type="button" onClick={() => setChosen(new Set(ids.length === 0 ? shown.map((t) => t.id) : []))}>
          {ids.length === 0 ? 'Choose all' : 'Choose none'}
        </button>
        {first.length > 0 && (
          <button type="button" onClick={() => setChosen(new Set(first.slice(0, 8).map((t) => t.id)))}>
            First below the target
          </button>
        )}
        {ids.length > 0 && (
          <a
            class="button"
            href={
              beside === ''
                ? linkTo('study', { path: study, tab: 'curves', trials: textOf(ids) })
                : linkTo('curves', { of: `${beside}|${ofText([{ study, chosen: textOf(ids) }])}` })
            }
          >
            Compare curves
          </a>
        )}
        {steered && (
          <>
            <button type="button" disabled={ids.length === 0} onClick={() => onRequeue(ids)}>
              Queue again
            </button>
            <button type="button" disabled={ids.length === 0} onClick={() => onCancel(ids)}>
              Cancel
            </button>
          </>
        )}
      </div>
      <VirtualTable
        label="Trials"
        rows={shown}
        columns={columns}
        keyOf={(t) => t.id}
        sorting={sorting}
        onSort={({ key: by, down }) => set({ sort: `${by}-${down ? 'down' : 'up'}` })}
      />
      {failed.length > 0 && (
        <details>
          <summary>Why trials failed</summary>
          <ul class="notes">
            {failed.slice(0, 50).map((t) => (
              <li key={t.id}>
                <b>
                  {t.strategy}, batch {t.batchSize}, seed {t.seed}
                </b>{' '}
                {t.note}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
