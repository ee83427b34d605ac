import * as Plot from '@observablehq/plot';
import { draw } from '../../kit/draw.ts';
import type { Panel } from '../../kit/figure.ts';
import { colors } from '../../kit/palette.ts';

const side = 262;

/** One matrix as a grid of units; `short` names the rows and columns, i downwards. */
export function matrixPanel(title: string, matrix: readonly (readonly number[])[], short: readonly string[]): Panel {
  const n = matrix.length;
  const cells = matrix.flatMap((row, i) => row.map((value, j) => ({ i, j, value })));
  const size = side - 34;
  const wide = size / n > 21;
  const ticks = short.flatMap((_, i) => (n <= 12 || i % Math.ceil(n / 9) === 0 ? [i + 0.5] : []));
  const axis = { tickFormat: (t: number) => short[Math.floor(t)]!, tickSize: 0, label: null };
  return {
    title,
    body: draw({
      ariaLabel: title,
      width: side,
      height: side,
      marginLeft: 26,
      marginRight: 8,
      marginTop: 4,
      marginBottom: 30,
      x: { domain: [0, n] },
      y: { domain: [n, 0] },
      opacity: { type: 'identity' },
      color: { type: 'identity' },
      marks: [
        Plot.rect(cells, {
          x1: 'j',
          x2: (c: { j: number }) => c.j + 1,
          y1: 'i',
          y2: (c: { i: number }) => c.i + 1,
          fill: (c: { value: number }) => (c.value < 0 ? colors.aboveDeep : colors.belowDeep),
          fillOpacity: (c: { value: number }) => Math.min(1, Math.abs(c.value)),
          shapeRendering: 'crispEdges',
        }),
        ...(wide
          ? [
              Plot.text(cells, {
                x: (c: { j: number }) => c.j + 0.5,
                y: (c: { i: number }) => c.i + 0.5,
                text: (c: { value: number }) => shortCell(c.value),
                fontSize: 8.5,
                fill: (c: { value: number }) => (Math.abs(c.value) > 0.55 ? 'var(--paper, #fff)' : colors.ink),
              }),
            ]
          : []),
        Plot.axisX(ticks, { ...axis, anchor: 'bottom' }),
        Plot.axisY(ticks, axis),
        Plot.text(['j'], { frameAnchor: 'bottom', dy: 26, fill: colors.soft }),
        Plot.text(['i'], { frameAnchor: 'left', dx: -22, fill: colors.soft }),
      ],
    }),
  };
}

/** `.34`, `-.02`, `1`. */
function shortCell(value: number): string {
  const text = value.toFixed(2);
  return text === '1.00' ? '1' : text.replace(/^(-?)0\./, '$1.').replace('-.00', '.00');
}
