import type { BatchPlanResult, PlanRow, ScaleInterval } from '../../study/plan/index.ts';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../numbers.ts';
import { painter } from '../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { costText, marked, planSentences } from './plan-sentences.ts';

const relative = ({ value }: ScaleInterval): string => formatNumber(value);

const change = (share: number): string => `${share >= 0 ? '+' : '-'}${formatPercent(Math.abs(share))}`;

function cells({ batchSize, stepsRelative, examplesRelative, cost, next }: PlanRow): string[] {
  return [
    formatCount(batchSize),
    relative(stepsRelative),
    relative(examplesRelative),
    marked(cost.steps, formatCount),
    String(cost.devices),
    marked(cost.stepSeconds, formatDuration),
    marked(cost.seconds, formatDuration),
    costText(cost),
    next ? change(-next.timeSaved) : '',
    next ? change(next.costExtra) : '',
  ];
}

/** A plan as lines of at most 100 columns (the sentences apart): the cost table and what it says. */
export function batchPlanTable(result: BatchPlanResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const { rows, recommendation, stepTime, link, price } = result;
  const [head, ...lines] = alignColumns(
    [
      [
        'batch',
        'S/Smin',
        'E/Emin',
        'steps',
        'dev',
        'step',
        'time',
        price === null ? 'device-h' : 'money',
        'next: time',
        'cost',
      ],
      ...rows.map(cells),
    ],
    { width, drop: [5, 2, 1, 3, 9, 8] },
  );
  const [answer, ...reasons] = planSentences(result);
  const { overhead, perExample, residual } = stepTime.fit;
  return fitted(
    [
      ...opening([answer!], width),
      '',
      paint(head!, 'dim'),
      ...lines.map((line, i) => (rows[i]!.batchSize === recommendation.way.batchSize ? paint(line, 'bold') : line)),
      paint('~ modelled; without it measured on this machine. next: the row below, on as many devices', 'dim'),
      paint(
        `step time ~ ${formatDuration(overhead)} + ${formatDuration1(perExample)} an example (residual ${formatPercent(residual)})${
          link
            ? `; between devices ${formatNumber(link.bandwidth / 1e9)} GB/s and ${formatNumber(link.latency * 1e6)} us, ${link.source}`
            : ''
        }`,
        'dim',
      ),
      '',
      ...reasons,
    ].join('\n'),
    width,
  );
}

/** Short times keep their digits. */
const formatDuration1 = (seconds: number): string => `${formatNumber(1000 * seconds)} ms`;
