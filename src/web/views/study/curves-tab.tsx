import { useMemo, useState } from 'preact/hooks';
import { formatNumber } from '../../../report/numbers.ts';
import type { CurveQuantity, StudyAnalysis, TrialState } from '../../../schema/serve/index.ts';
import { CurveFigure } from '../../parts/curve-figure.tsx';
import { set, useRoute } from '../../parts/route.ts';
import { Problem, Waiting } from '../../parts/states.tsx';
import { smoothed } from './smoothed.ts';
import { useTrialCurves } from './trial-curves.ts';
import { trialName, trialsOf } from './trial-names.ts';

const quantities: Readonly<Record<CurveQuantity, string>> = {
  trainLoss: 'training loss',
  valLoss: 'held-out loss',
  valMetric: 'held-out metric',
  noiseScale: 'gradient noise scale',
  gradNorm: 'gradient norm',
};

/** The trial of each batch size that is first below the target; any where none is. */
function usualTrials(trials: readonly TrialState[], analysis: StudyAnalysis | undefined): TrialState[] {
  const reached = new Map((analysis?.outcomes ?? []).map((o) => [o.trial, o.reachedAt ?? Number.POSITIVE_INFINITY]));
  const at = (t: TrialState) => reached.get(t.id) ?? Number.POSITIVE_INFINITY;
  const places = new Map<string, TrialState>();
  for (const trial of trials) {
    if (trial.step === 0) continue;
    const key = `${trial.workload} ${trial.batchSize}`;
    const before = places.get(key);
    if (!before || at(trial) < at(before)) places.set(key, trial);
  }
  return [...places.values()].sort((a, b) => a.batchSize - b.batchSize).slice(0, 9);
}

interface CurvesTabProps {
  readonly study: string;
  readonly trials: readonly TrialState[];
  readonly analysis: StudyAnalysis | undefined;
}

export function CurvesTab({ study, trials, analysis }: CurvesTabProps) {
  const { query } = useRoute();
  const quantity = (query.get('quantity') ?? 'trainLoss') as CurveQuantity;
  const weight = Math.min(0.99, Math.max(0, Number(query.get('smooth') ?? 0)));
  const chosen = query.get('trials') ?? '';
  const [range, setRange] = useState<readonly [number, number]>();
  const shown = chosen === '' ? usualTrials(trials, analysis) : trialsOf(chosen, trials);
  const { curves, error, loading } = useTrialCurves(study, shown, quantity, range);
  const many = new Set(trials.map((t) => t.workload)).size > 1;
  const names = new Map(shown.map((t) => [t.id, trialName(t, many)]));
  const named = [...names.values()].join('\n');
  const plotted = useMemo(
    () =>
      curves.flatMap((curve) => {
        const name = names.get(curve.trial);
        return name === undefined ? [] : [{ name, x: curve.step, y: smoothed(curve.value, weight) }];
      }),
    [curves, weight, named],
  );
  const total = curves.reduce((sum, c) => sum + c.total, 0);
  const drawn = curves.reduce((sum, c) => sum + c.step.length, 0);
  const note = [
    `${curves.length} of ${trials.length} trials${chosen === '' ? ', of each batch size the one that is first below the target' : ''}.`,
    curves.some((c) => c.thinned)
      ? `${drawn} of ${total} measurements are drawn: of each part of the steps the first, the least, the largest and the last. Draw a range with the mouse to see all that are in it; a double click shows the whole again.`
      : `All ${total} measurements are drawn.`,
    weight > 0 ? `Smoothed: exponentially weighted mean, ${weight} of what came before.` : '',
    range ? `Steps ${formatNumber(range[0])} to ${formatNumber(range[1])} alone.` : '',
  ];
  return (
    <>
      <div class="tools">
        <label>
          Quantity{' '}
          <select value={quantity} onChange={(e) => set({ quantity: e.currentTarget.value })}>
            {Object.entries(quantities).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Smoothing{' '}
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={weight}
            onInput={(e) => set({ smooth: e.currentTarget.value === '0' ? undefined : e.currentTarget.value })}
          />{' '}
          <output>{weight}</output>
        </label>
        {range && (
          <button type="button" onClick={() => setRange(undefined)}>
            Whole range
          </button>
        )}
        {chosen !== '' && (
          <button type="button" onClick={() => set({ trials: undefined })}>
            First of each batch size
          </button>
        )}
      </div>
      {error && <Problem message={error} />}
      {loading && curves.length === 0 ? (
        <Waiting what="curves" />
      ) : total === 0 ? (
        <p class="state">None of these trials has measured a {quantities[quantity]} yet.</p>
      ) : (
        <CurveFigure
          title={`${quantities[quantity]} of trials`}
          curves={plotted}
          axes={{
            xLog: query.get('xlog') === '1',
            yLog: query.get('ylog') === '1',
            xLabel: 'step',
            yLabel: quantities[quantity],
          }}
          onZoom={(r) => setRange(r ?? undefined)}
          note={note.filter((n) => n !== '').join(' ')}
        />
      )}
    </>
  );
}
