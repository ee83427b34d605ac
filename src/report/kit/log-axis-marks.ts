import * as Plot from '@observablehq/plot';
import type { LogAxis } from './log-axis.ts';

/**
 * Vertical axis with a label for every tick. (With `tickFormat` on a log scale, Plot lets D3 blank the labels of 5, 0.5, ...)
 * Give the plot `y: logScale(axis)` beside it.
 */
export function logAxisMarks(axis: Pick<LogAxis, 'ticks' | 'format'>, label: string | null): Plot.Markish[] {
  return [
    Plot.gridY([...axis.ticks], { stroke: 'currentColor', strokeOpacity: 0.09 }),
    Plot.axisY([...axis.ticks], {
      text: (tick: number) => axis.format(tick),
      label,
      labelArrow: 'none',
      tickSize: label === null ? 3 : 6,
    }),
  ];
}

export function logScale(axis: Pick<LogAxis, 'domain'>): Plot.ScaleOptions {
  return { type: 'log', domain: [...axis.domain] };
}
