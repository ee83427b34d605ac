import type { StudyStability, TrainedModel, Trend } from '../../comparison/index.ts';
import { type EffectSize, effectText, overall, short, tally } from '../../verdict/index.ts';
import { formatDuration, formatExact, formatNumber, formatPercent } from '../numbers.ts';
import { wrapped } from '../study/verdict-text.ts';
import { painter } from '../terminal/terminal-color.ts';
import { fitted, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';

/** `2/255`. */
export const formatEps = (eps: number): string => `${formatExact(Number((255 * eps).toPrecision(3)))}/255`;

/** Share of the right answers that an attack takes; null where there are none. */
export const fallen = ({ attacks }: TrainedModel, at: number): number | null => {
  const { attacked, verified } = attacks[at]!;
  return attacked > 0 ? verified / attacked : null;
};

/** What is found of larger batches, in a sentence a workload, with the interval of the distance to the boundary; the answer of the page and of the terminal. */
export function stabilityAnswers({ workloads }: StudyStability): string[] {
  return workloads.map((w) => {
    const counted = w.models.length - w.atChance.length;
    const [trend] = w.trends;
    const { effect = null, power = null } = trend?.batch ?? {};
    const both = trend?.both ? `; with the rate doubled too by ${effectText(trend.both)}` : '';
    const number = effect
      ? ` The distance to the boundary changes by ${effectText(effect)} per doubling of the batch${both}${power?.detectable ? `; a change of ${short(power.detectable)} would have been found four times in five` : ''}.`
      : '';
    const left =
      w.atChance.length > 0 ? ` ${w.atChance.length} of ${w.models.length} networks are at chance and left out.` : '';
    return `${w.name}: ${saidOf(w.trends)} (${counted} networks).${number}${left}`;
  });
}

function saidOf(trends: readonly Trend[]): string {
  const verdicts = trends.map((t) => t.batch);
  const { outcome, reason } = overall(verdicts);
  const counts = tally(verdicts);
  const equal = 'at equal rate and training loss';
  if (counts.agrees > 0 && counts.disagrees > 0) {
    const names = (wanted: 'agrees' | 'disagrees') =>
      trends
        .filter((t) => t.batch.outcome === wanted)
        .map((t) => t.measure)
        .join(', ');
    const [less, more] = [counts.agrees, counts.disagrees];
    const open = trends.length - less - more;
    return `it depends on the measure: networks of larger batches are ${equal} less stable by ${less} of ${trends.length}${less < more ? ` (${names('agrees')})` : ''}, more stable by ${more}${less < more ? '' : ` (${names('disagrees')})`}, and ${open} ${open === 1 ? 'does' : 'do'} not tell`;
  }
  const said = {
    agrees: `networks of larger batches are less stable ${equal}`,
    disagrees: `networks of larger batches are more stable ${equal}`,
    'cannot tell': 'that larger batches make networks less stable is not shown, nor that they do not',
    'not testable here': 'it cannot be tested here',
  }[outcome];
  return `${said}, by ${trends.length} measures: ${reason}`;
}

/** The smaller p of the two directions. One is what is left of a confidence near 1, so that beyond 15 digits nothing of it is known. */
export const leastP = ({ support, against }: Trend['batch'], format: (p: number) => string, least: string): string => {
  if (support === null) return '–';
  const p = Math.min(support, against!);
  return p < 1e-15 ? least : format(p);
};

/** `-0.137 (-0.2 to -0.07)`. */
export const slopeText = (size: EffectSize | null): string =>
  size === null ? '–' : effectText(size).replace(`${short(100 * size.level)} %: `, '');

const optional = (value: number | null | undefined, format: (x: number) => string = formatNumber) =>
  value === null || value === undefined ? '-' : format(value);

/** Models as lines, then how the measures go with the batch size. */
export function studyStabilityTable(
  result: StudyStability,
  { color, width = terminalWidth() }: TerminalOptions,
): string {
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
      { left: [1], width, drop: [2, 8, 3, 9, 1] },
    );
    const [trendHead, ...trends] = alignColumns(
      [
        ['measure', 'per doubling of the batch', 'of the rate', 'of both', 'less stable?', 'p (Holm)'],
        ...workload.trends.map((t) => [
          t.measure,
          slopeText(t.batch.effect),
          slopeText(t.rate),
          slopeText(t.both),
          t.batch.outcome === 'cannot tell' ? 'not shown' : t.batch.outcome,
          leastP(t.batch, short, '< 1e-15'),
        ]),
      ],
      { left: [0], width, drop: [3, 2, 5] },
    );
    const clear = (t: Trend) => t.batch.outcome === 'agrees' || t.batch.outcome === 'disagrees';
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
  return fitted(
    [
      ...stabilityAnswers(result).flatMap((a) => wrapped(a, 0, width)),
      '',
      `Stability of the networks of study ${result.study}`,
      '',
      ...lines,
      'distance: median l2 norm of DeepFool’s perturbations. Per doubling: slopes of a mixed model with log batch, log rate, training',
      'loss, a level for each update rule and seeds as random intercepts, with 95 %; networks at chance are left out',
      ...(skipped
        ? [paint(`left out: ${skipped} (${[...new Set(result.skipped.map((s) => s.why))].join('; ')})`, 'yellow')]
        : []),
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
