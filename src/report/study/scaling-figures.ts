import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../base/statistics.ts';
import {
  type StrategyReport,
  type TargetAnalysis,
  tradeoffSteps,
  type WorkloadReport,
} from '../../study/analysis/index.ts';
import { figure, type Panel } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { colors } from '../kit/palette.ts';
import { batchPanel, type PanelPoint, type StrategyStyles, strategyLegend } from '../kit/panel.ts';
import { formatCount, typesetNumber } from '../numbers.ts';
import { intervalText } from './verdict-text.ts';

const sizesOf = ({ strategies }: WorkloadReport) =>
  [...new Set(strategies.flatMap((s) => s.points.map((p) => p.batchSize)))].sort((a, b) => a - b);

const namesOf = ({ strategies }: WorkloadReport) => strategies.map((s) => s.name);

/** One panel a target that anything reached. */
function targetPanels(workload: WorkloadReport, panel: (target: string, title: string) => Panel | null): Panel[] {
  return workload.targets.flatMap((t) => {
    if (t.value === null) return [];
    return panel(t.name, `${t.name}: ${typesetNumber(t.value, 3)}`) ?? [];
  });
}

const analysisOf = (strategy: StrategyReport, target: string): TargetAnalysis =>
  strategy.byTarget.find((t) => t.target === target)!;

const seedNote = ({ strategies }: WorkloadReport) =>
  strategies.some((s) => s.points.some((p) => p.trials > 1))
    ? 'medians over seeds at the best rate of each batch size, bars from the least to the largest'
    : 'one seed a point, at the best rate of each batch size';

/** Steps to each target against batch size, with the ideal that halves them for each doubling. */
export function stepsFigure(workload: WorkloadReport, styles: StrategyStyles): Html | null {
  const panels = targetPanels(workload, (target, title) => {
    const analyses = workload.strategies.map((s) => ({ name: s.name, ...analysisOf(s, target) }));
    const based = analyses.flatMap((a) => {
      const base = a.points.find((p) => p.batchSize === a.baseBatch);
      return base ? [{ batch: base.batchSize, steps: base.stepsToTarget.median! }] : [];
    });
    const first = based.reduce<(typeof based)[number] | null>(
      (best, b) => (best && best.batch * best.steps <= b.batch * b.steps ? best : b),
      null,
    );
    const largest = largestOf(sizesOf(workload));
    const ideal = first
      ? [first, { batch: largest, steps: (first.steps * first.batch) / largest }].map((p) => ({
          x: p.batch,
          y: p.steps,
        }))
      : [];
    return batchPanel({
      title,
      ariaLabel: `Steps to ${target} against batch size`,
      yLabel: 'steps to the target',
      sizes: sizesOf(workload),
      guides: [{ points: ideal }],
      series: analyses.map(({ name, points }) => ({
        style: styles.get(name)!,
        points: points.flatMap(({ batchSize, stepsToTarget: { median, low, high } }): PanelPoint[] =>
          median !== null && median > 0 ? [{ x: batchSize, y: median, low, high }] : [],
        ),
        bounds: points.flatMap(({ batchSize, stepsToTarget, stepsAtLeast }): PanelPoint[] =>
          stepsToTarget.median === null && stepsAtLeast !== null && stepsAtLeast > 0
            ? [{ x: batchSize, y: stepsAtLeast }]
            : [],
        ),
      })),
    });
  });
  if (panels.length === 0) return null;
  const bounded = workload.strategies.some((s) =>
    s.byTarget.some((t) => t.points.some((p) => p.stepsToTarget.median === null && p.stepsAtLeast !== null)),
  );
  return figure({
    title: `Steps to the target against batch size, ${workload.name}`,
    panelWidth: 440,
    panels,
    legend: strategyLegend(styles, namesOf(workload), [
      { label: 'ideal: examples stay the same', color: colors.soft, mark: 'dotted' },
    ]),
    caption: html`Both axes logarithmic; ${seedNote(workload)}. The ideal starts at the fewest examples of any strategy at its smallest batch. Points are joined for the eye only.${
      bounded ? ' Open triangles: not reached, and it takes at least so many steps.' : ''
    }`,
  });
}

/** Speed-up against the smallest batch, beside the ideal m / m0. */
export function speedupFigure(workload: WorkloadReport, styles: StrategyStyles): Html | null {
  const panels = targetPanels(workload, (target, title) => {
    const analyses = workload.strategies.map((s) => ({ name: s.name, ...analysisOf(s, target) }));
    const bases = [...new Set(analyses.flatMap((a) => a.baseBatch ?? []))];
    const largest = largestOf(sizesOf(workload));
    const ideals = bases.map((b) => [
      { x: b, y: 1 },
      { x: largest, y: largest / b },
    ]);
    return batchPanel({
      title,
      ariaLabel: `Speed-up to ${target} against batch size`,
      yLabel: 'speed-up s = k(m₀) / k(m)',
      sizes: sizesOf(workload),
      ys: ideals.flatMap((i) => i.map((p) => p.y)),
      guides: ideals.map((points) => ({ points })),
      series: analyses.map(({ name, points }) => ({
        style: styles.get(name)!,
        points: points.flatMap(({ batchSize, speedup }) => (speedup === null ? [] : [{ x: batchSize, y: speedup }])),
      })),
    });
  });
  if (panels.length === 0) return null;
  return figure({
    title: `Speed-up against batch size, ${workload.name}`,
    panelWidth: 440,
    panels,
    legend: strategyLegend(styles, namesOf(workload), [{ label: 'ideal m / m₀', color: colors.soft, mark: 'dotted' }]),
    caption: html`Steps at the base m₀ (the smallest batch that reaches the target with a rate that is tuned and off the edge of its grid, where there is one) over steps at m, each strategy relative to its own m₀. Above the ideal: the smallest batch is not run at its best, so what follows looks better than it is.`,
  });
}

/** Steps against examples to the primary target, with the fitted hyperbola; one panel a strategy with a fit. */
export function tradeoffFigure(workload: WorkloadReport, styles: StrategyStyles): Html | null {
  const fitted = workload.strategies.filter((s) => s.criticalBatch.fit !== null);
  const panels = fitted.flatMap((strategy) => {
    const { fit, value } = strategy.criticalBatch;
    if (!fit) return [];
    const points = strategy.points.flatMap(({ batchSize, stepsToTarget: { median } }) =>
      median !== null && median > 0 ? [{ x: median, y: median * batchSize }] : [],
    );
    const sizes = strategy.points.map((p) => p.batchSize);
    const [least, most] = [leastOf(sizes) / 1.5, largestOf(sizes) * 1.5];
    const curve = Array.from({ length: 60 }, (_, i) => {
      const batch = least * (most / least) ** (i / 59);
      const steps = tradeoffSteps(fit, batch);
      return { x: steps, y: steps * batch };
    });
    const knee = [{ x: 2 * fit.minSteps, y: 2 * fit.minExamples }];
    return (
      batchPanel({
        title: `${strategy.name}: B_crit ${formatCount(value!)} (${intervalText(strategy.criticalBatch)})`,
        ariaLabel: `Examples against steps to the target with the fitted trade-off, ${strategy.name}`,
        xLabel: 'steps S',
        yLabel: 'examples E',
        width: 352,
        height: 270,
        xs: [...curve.map((p) => p.x), fit.minSteps],
        ys: [...curve.map((p) => p.y), fit.minExamples],
        under: [
          Plot.ruleX([fit.minSteps], { stroke: colors.soft, strokeDasharray: '2,4' }),
          Plot.ruleY([fit.minExamples], { stroke: colors.soft, strokeDasharray: '2,4' }),
          Plot.line(curve, { x: 'x', y: 'y', stroke: colors.soft, strokeWidth: 1.4 }),
          Plot.dot(knee, { x: 'x', y: 'y', stroke: colors.ink, symbol: 'diamond2', r: 6, strokeWidth: 1.6 }),
        ],
        series: [{ style: styles.get(strategy.name)!, points, scattered: true }],
      }) ?? []
    );
  });
  if (panels.length === 0) return null;
  const left = fitted.flatMap((s) =>
    s.criticalBatch.dominated.length > 0 ? [`${s.name}: ${s.criticalBatch.dominated.join(', ')}`] : [],
  );
  const worst = largestOf(fitted.map((s) => s.criticalBatch.fit?.residual ?? 0));
  return figure({
    title: `Trade-off between steps and examples, ${workload.name}`,
    panelWidth: 320,
    panels,
    caption: html`Target: ${workload.primaryTarget}. Line: (S/S_min − 1)(E/E_min − 1) = 1, fitted by weighted least squares of log S; dotted: S_min and E_min; diamond: the critical batch, where both are twice their least.
${
  left.length > 0
    ? `Batches that need over a quarter more steps than a smaller one count in the fit with the steps of that one (${left.join('; ')}): there the strategy fails, not the gradient. `
    : ''
}Points of the fit scatter around it by up to ${(100 * worst).toFixed(0)} % (root mean square, worst panel); 95 % intervals by profile likelihood with a quantile of F, from that scatter. The fit is McCandlish et al.’s (arXiv 1812.06162), not the paper’s.`,
  });
}
