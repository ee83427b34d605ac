import { curvesCsv, curvesSvg } from './curve-files.ts';
import { type Axes, CurvePlot, type PlottedCurve } from './curve-plot.tsx';
import { curveStyle } from './curve-style.ts';
import { download, pngOf } from './download.ts';
import { set } from './route.ts';

interface CurveFigureProps {
  readonly title: string;
  readonly curves: readonly PlottedCurve[];
  readonly axes: Axes;
  readonly onZoom?: ((range: readonly [number, number] | null) => void) | undefined;
  /** What was left out, smoothed or cut. */
  readonly note: string;
}

/** Curves with their legend, their axes, and what they can be taken home as. The settings stand in the address. */
export function CurveFigure({ title, curves, axes, onZoom, note }: CurveFigureProps) {
  const name = title
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase();
  const svg = () => curvesSvg(curves, axes);
  return (
    <figure>
      <h3>{title}</h3>
      <div class="tools">
        <label>
          <input type="checkbox" checked={axes.xLog} onChange={() => set({ xlog: axes.xLog ? undefined : 1 })} />{' '}
          {axes.xLabel}, log
        </label>
        <label>
          <input type="checkbox" checked={axes.yLog} onChange={() => set({ ylog: axes.yLog ? 0 : 1 })} /> {axes.yLabel},
          log
        </label>
        <button type="button" onClick={() => download(`${name}.svg`, svg(), 'image/svg+xml')}>
          SVG
        </button>
        <button type="button" onClick={async () => download(`${name}.png`, await pngOf(svg()))}>
          PNG
        </button>
        <button type="button" onClick={() => download(`${name}.csv`, curvesCsv(curves, axes), 'text/csv')}>
          CSV
        </button>
      </div>
      <CurvePlot
        {...axes}
        label={`${title}: ${curves.length} curves of ${axes.yLabel} against ${axes.xLabel}`}
        curves={curves}
        onZoom={onZoom}
      />
      <ul class="legend">
        {curves.map((curve, i) => {
          const { color, dash } = curveStyle(i);
          return (
            <li key={curve.name}>
              <svg width="28" height="8" aria-hidden="true">
                <line
                  x1="0"
                  x2="28"
                  y1="4"
                  y2="4"
                  stroke={color}
                  stroke-width="2.5"
                  stroke-dasharray={dash.join(' ')}
                />
              </svg>
              {curve.name}
            </li>
          );
        })}
      </ul>
      <figcaption>{note}</figcaption>
    </figure>
  );
}
