/** Curves of trials, of one study or of several: quantity, smoothing, axes and range for all of them, and one figure. */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { formatNumber } from '../../../report/numbers.ts';
import type { CurveQuantity, StudyAnalysis, ThinnedCurve, TrialState } from '../../../schema/serve/index.ts';
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

/** The curves of a study's trials, as they are now. */
interface Gathered {
  readonly curves: readonly (ThinnedCurve & { readonly name: string })[];
  /** Trials that the study has. */
  readonly of: number;
  /** Whether they were chosen, and are not the usual ones. */
  readonly chosen: boolean;
  readonly error: string | undefined;
  readonly loading: boolean;
}

/** What a source of curves is told, and whom it tells. */
export interface CurvesWanted {
  readonly quantity: CurveQuantity;
  readonly range: readonly [number, number] | undefined;
  /** `gathered`: undefined when the source is gone. */
  readonly onGathered: (study: string, gathered: Gathered | undefined) => void;
}

interface TrialCurvesProps extends CurvesWanted {
  readonly study: string;
  readonly trials: readonly TrialState[];
  readonly analysis: StudyAnalysis | undefined;
  /** Trials as an address calls them; empty: of each batch size the one that is first below the target. */
  readonly chosen: string;
  /** In front of the names of trials. */
  readonly label?: string;
}

/** Curves of trials of a study, for the panel that they are drawn in. Draws nothing itself. */
export function TrialCurves({
  study,
  trials,
  analysis,
  chosen,
  label = '',
  quantity,
  range,
  onGathered,
}: TrialCurvesProps) {
  const shown = chosen === '' ? usualTrials(trials, analysis) : trialsOf(chosen, trials);
  const { curves, error, loading } = useTrialCurves(study, shown, quantity, range);
  const many = new Set(trials.map((t) => t.workload)).size > 1;
  const names = new Map(shown.map((t) => [t.id, `${label}${trialName(t, many)}`]));
  const named = [...names.values()].join('\n');
  useEffect(() => {
    const found = curves.flatMap((curve) => {
      const name = names.get(curve.trial);
      return name === undefined ? [] : [{ ...curve, name }];
    });
    onGathered(study, { curves: found, of: trials.length, chosen: chosen !== '', error, loading });
  }, [study, curves, named, trials.length, chosen, error, loading, onGathered]);
  useEffect(() => () => onGathered(study, undefined), [study, onGathered]);
  return null;
}

interface CurvesPanelProps {
  /** Sources of curves: `TrialCurves`. */
  readonly sources: (wanted: CurvesWanted) => ComponentChildren;
  readonly tools?: ComponentChildren;
}

export function CurvesPanel({ sources, tools }: CurvesPanelProps) {
  const { query } = useRoute();
  const quantity = (query.get('quantity') ?? 'trainLoss') as CurveQuantity;
  const weight = Math.min(0.99, Math.max(0, Number(query.get('smooth') ?? 0)));
  const [range, setRange] = useState<readonly [number, number]>();
  const [parts, setParts] = useState<ReadonlyMap<string, Gathered>>(new Map());
  const onGathered = useCallback((study: string, gathered: Gathered | undefined) => {
    setParts((before) => {
      const next = new Map(before);
      if (gathered) next.set(study, gathered);
      else next.delete(study);
      return next;
    });
  }, []);
  const gathered = [...parts.values()];
  const curves = useMemo(() => [...parts.values()].flatMap((p) => p.curves), [parts]);
  const plotted = useMemo(
    () => curves.map(({ name, step, value }) => ({ name, x: step, y: smoothed(value, weight) })),
    [curves, weight],
  );
  const total = curves.reduce((sum, c) => sum + c.total, 0);
  const drawn = curves.reduce((sum, c) => sum + c.step.length, 0);
  const errors = gathered.flatMap((p) => p.error ?? []);
  const title = quantities[quantity] ?? quantity;
  const note = [
    `${curves.length} of ${gathered.reduce((sum, p) => sum + p.of, 0)} trials${gathered.some((p) => !p.chosen) ? ', of each batch size the one that is first below the target' : ''}.`,
    curves.some((c) => c.thinned)
      ? `${drawn} of ${total} measurements are drawn: of each part of the steps the first, the least, the largest and the last. Draw a range with the mouse to see all that are in it; a double click shows the whole again.`
      : `All ${total} measurements are drawn.`,
    weight > 0 ? `Smoothed: exponentially weighted mean, ${weight} of what came before.` : '',
    range ? `Steps ${formatNumber(range[0])} to ${formatNumber(range[1])} alone.` : '',
  ];
  return (
    <>
      {sources({ quantity, range, onGathered })}
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
        {tools}
      </div>
      {errors.map((error) => (
        <Problem key={error} message={error} />
      ))}
      {curves.length === 0 && (gathered.length === 0 || gathered.some((p) => p.loading)) ? (
        errors.length === 0 && <Waiting what="curves" />
      ) : total === 0 ? (
        <p class="state">None of these trials has measured a {title} yet.</p>
      ) : (
        <CurveFigure
          title={`${title.charAt(0).toUpperCase()}${title.slice(1)} of trials`}
          curves={plotted}
          axes={{ xLog: query.get('xlog') === '1', yLog: query.get('ylog') === '1', xLabel: 'step', yLabel: title }}
          onZoom={(r) => setRange(r ?? undefined)}
          note={note.filter((n) => n !== '').join(' ')}
        />
      )}
    </>
  );
}
