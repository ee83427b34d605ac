import type { ReportCost, StrategyCost } from '../../study/cost/index.ts';
import { formatCount, formatDuration, formatNumber } from '../numbers.ts';
import { type Paint, painter } from '../terminal/terminal-color.ts';
import { fitted, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { costText, marked } from './plan-sentences.ts';

function strategyLines(
  { workload, strategy, target, hardware, ways, knee }: StrategyCost,
  price: number | null,
  paint: Paint,
  width: number | undefined,
): string[] {
  const rows = ways.map((w) => [
    formatCount(w.batchSize),
    formatCount(w.devices),
    marked(w.steps, formatCount),
    marked(w.stepSeconds, formatDuration),
    marked(w.seconds, formatDuration),
    costText(w),
  ]);
  const [head, ...lines] = alignColumns(
    [['batch', 'devices', 'steps', 'a step', 'time', price === null ? 'device-hours' : 'money'], ...rows],
    { ...(width === undefined ? {} : { width: width - 4 }), drop: [3, 2] },
  );
  const best = ways.findIndex((w) => knee && w.batchSize === knee.batchSize && w.devices === knee.devices);
  return [
    paint(`${workload}, ${strategy}: time and cost to ${target}`, 'bold'),
    `  step times: ${hardware}`,
    paint(`  ${head}`, 'dim'),
    ...lines.map((line, i) => (i === best ? paint(`  ${line} <`, 'bold') : `  ${line}`)),
  ];
}

/** What ways to the primary targets cost, for the terminal; empty where no strategy has a clock at two batch sizes and nobody asked. */
export function batchCostTable(
  { strategies, without, devices, link, price }: ReportCost,
  { color, width = terminalWidth() }: TerminalOptions,
): string {
  const asked = price !== null || devices.length > 1;
  if (strategies.length === 0 && !asked) return '';
  const paint = painter(color);
  const between = link
    ? `; ${formatNumber(link.bandwidth / 1e9)} GB/s and ${formatNumber(link.latency * 1e6)} us between devices`
    : '';
  return fitted(
    [
      ...strategies.flatMap((s) => strategyLines(s, price, paint, width)),
      ...(strategies.length > 0
        ? [
            `  < the least product of time and device-hours; ~ modelled${price === null ? '' : `; ${formatNumber(price)} a device-hour`}${between}`,
          ]
        : []),
      ...without.map((w) => `no cost of ${w.strategy} on ${w.workload}: ${w.why}`),
      '',
      '',
    ].join('\n'),
    width,
  );
}
