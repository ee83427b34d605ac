import type { RankCorrelation, StudyStability, TrainedModel, Trend } from '../joint/index.ts';
import { formatDuration, formatExact, formatNumber, formatPercent } from './numbers.ts';
import { painter } from './terminal-color.ts';
import { alignColumns } from './text-table.ts';

/** `2/255`. */
export const formatEps = (eps: number): string => `${formatExact(Number((255 * eps).toPrecision(3)))}/255`;

/** Share of the right answers that an attack takes; null where there are none. */
export const fallen = ({ attacks }: TrainedModel, at: number): number | null => {
  const { attacked, verified } = attacks[at]!;
  return attacked > 0 ? verified / attacked : null;
};

/** Whether the interval leaves out 0. */
export const isClear = (c: RankCorrelation | null): boolean => c !== null && (c.low > 0 || c.high < 0);

const optional = (value: number | null | undefined, format: (x: number) => string = formatNumber) =>
  value === null || value === undefined ? '-' : format(value);

const correlation = (c: RankCorrelation | null) =>
  c === null ? '-' : `${c.value.toFixed(2)} (${c.low.toFixed(2)} to ${c.high.toFixed(2)})`;

/** Models as lines, then how the measures go with the batch size. */
export function studyStabilityTable(result: StudyStability, { color }: { readonly color: boolean }): string {
  const paint = painter(color);
  const { eps } = result.settings;
  const middle = Math.min(1, eps.length - 1);
  const lines = result.workloads.flatMap((workload) => {
    const stages = workload.models[0]!.growth.map((g) => g.stage);
    const [head, ...rows] = alignColumns(
      [
        [
          ...[
            'batch',
            'strategies',
            'seed',
            'train loss',
            'accuracy',
            'distance',
            `falls at ${formatEps(eps[middle]!)}`,
          ],
          ...(stages.length ? [`PGD growth ${stages.at(-1)}`, 'to random'] : []),
          ...(workload.models[0]!.norms.length ? ['largest σ'] : []),
        ],
        ...workload.models.map((m) => [
          String(m.batchSize),
          m.strategies.join('+'),
          String(m.seed),
          optional(m.trainLoss),
          formatPercent(m.accuracy),
          optional(m.distance),
          optional(fallen(m, middle), formatPercent),
          ...(stages.length ? [optional(m.growth.at(-1)?.adversarial), optional(m.growth.at(-1)?.ratio?.value)] : []),
          ...(m.norms.length ? [optional(Math.max(...m.norms.map((n) => n.norm)))] : []),
        ]),
      ],
      { left: [1] },
    );
    const [trendHead, ...trends] = alignColumns(
      [
        ['measure', 'with the batch size', 'at equal training loss'],
        ...workload.trends.map((t) => [t.measure, correlation(t.withBatch), correlation(t.atEqualLoss)]),
      ],
      { left: [0] },
    );
    const clear = (t: Trend) => isClear(t.atEqualLoss);
    return [
      `${workload.name}: ${workload.models.length} networks (${workload.model} on ${workload.dataset})`,
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      paint(trendHead!, 'dim'),
      ...trends.map((line, i) => (clear(workload.trends[i]!) ? line : paint(line, 'dim'))),
      '',
    ];
  });
  const skipped = result.skipped.length;
  return [
    `Stability of the networks of study ${result.study}`,
    '',
    ...lines,
    'distance: median l2 norm of DeepFool’s perturbations; correlations are of ranks, with 95 % of a bootstrap over networks,',
    'and bright where that leaves out 0 at equal training loss',
    ...(skipped
      ? [paint(`left out: ${skipped} (${[...new Set(result.skipped.map((s) => s.why))].join('; ')})`, 'yellow')]
      : []),
    paint(formatDuration(result.seconds), 'dim'),
  ].join('\n');
}
