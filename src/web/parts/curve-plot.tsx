/** Curves against steps or an index, by uPlot: drawn again within a frame when they grow. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { logTicks } from '../../report/kit/log-axis.ts';
import { formatExact, formatNumber } from '../../report/numbers.ts';
import { type CurveStyle, curveStyle } from './curve-style.ts';

export interface PlottedCurve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface Axes {
  readonly xLog: boolean;
  readonly yLog: boolean;
  readonly xLabel: string;
  readonly yLabel: string;
}

interface CurvePlotProps extends Axes {
  readonly label: string;
  readonly curves: readonly PlottedCurve[];
  /** Told the range of x that the reader has drawn; null when the whole is wanted again. */
  readonly onZoom?: ((range: readonly [number, number] | null) => void) | undefined;
  readonly height?: number;
}

/** Values that an axis can have. */
export const shownPoints = (
  { x, y }: PlottedCurve,
  { xLog, yLog }: Pick<Axes, 'xLog' | 'yLog'>,
): [number[], number[]] => {
  if (!xLog && !yLog) return [x as number[], y as number[]];
  const keep = x.flatMap((at, i) => ((!xLog || at > 0) && (!yLog || y[i]! > 0) ? [i] : []));
  return [keep.map((i) => x[i]!), keep.map((i) => y[i]!)];
};

function aligned(curves: readonly PlottedCurve[], axes: Pick<Axes, 'xLog' | 'yLog'>): uPlot.AlignedData {
  const tables = curves
    .map((curve) => shownPoints(curve, axes))
    .map(([x, y]) => (x.length > 0 ? [x, y] : [[1], [null]]));
  return tables.length === 0 ? [[]] : uPlot.join(tables as uPlot.AlignedData[]);
}

/** A tick has no more digits than it needs. */
const tickText = (x: number) => (Math.abs(x) >= 1e5 ? formatNumber(x) : formatExact(x));

/** A logarithmic axis ends where its values do, and not at the next power of ten. */
const scaleOf = (log: boolean): uPlot.Scale =>
  log ? { distr: 3, range: (_, low, high) => [low / 1.05, Math.max(high, low) * 1.05] } : { distr: 1 };

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(
  { curves, xLog, yLog, xLabel, yLabel, height = 420 }: CurvePlotProps,
  width: number,
  zoomed: (u: uPlot) => void,
): uPlot.Options {
  const [ink, rule] = [css('--soft'), css('--rule')];
  const axis = (label: string, size: number, log: boolean): uPlot.Axis => ({
    ...(log && {
      splits: (_: uPlot, __: number, low: number, high: number) => logTicks(low, high),
      filter: (_: uPlot, ticks: number[]) => ticks,
    }),
    label,
    labelSize: 24,
    size,
    stroke: ink,
    font: '11px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1 },
    values: (_, ticks) => ticks.map((t) => (t === null ? '' : tickText(t))),
  });
  return {
    width,
    height,
    scales: { x: { time: false, ...scaleOf(xLog) }, y: scaleOf(yLog) },
    axes: [axis(xLabel, 40, xLog), axis(yLabel, 64, yLog)],
    series: [
      { label: xLabel },
      ...curves.map(({ name }, i): uPlot.Series => {
        const { color, dash }: CurveStyle = curveStyle(i);
        return { label: name, stroke: color, width: 1.6, dash: [...dash], spanGaps: true, points: { show: false } };
      }),
    ],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, focus: { prox: 24 } },
    focus: { alpha: 0.3 },
    hooks: { setSelect: [zoomed] },
  };
}

export function CurvePlot(props: CurvePlotProps) {
  const { curves, label, xLog, yLog, xLabel, yLabel, onZoom, height } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const latest = useRef(props);
  latest.current = props;
  const names = curves.map((c) => c.name).join('\n');
  // Another set of curves or other axes are another plot; more of the same is more data.
  useEffect(() => {
    const here = place.current!;
    const zoomed = (u: uPlot) => {
      if (u.select.width < 6) return;
      const range = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')] as const;
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      zoom.current?.(range);
    };
    const make = () => {
      plot.current?.destroy();
      const given = latest.current;
      plot.current = new uPlot(
        optionsOf(given, Math.max(260, here.clientWidth), zoomed),
        aligned(given.curves, given),
        here,
      );
    };
    make();
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: Math.max(260, here.clientWidth), height: height ?? 420 }),
    );
    sizes.observe(here);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', make);
    const whole = () => zoom.current?.(null);
    here.addEventListener('dblclick', whole);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener('change', make);
      here.removeEventListener('dblclick', whole);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names, xLog, yLog, xLabel, yLabel, height]);
  useEffect(() => {
    plot.current?.setData(aligned(curves, { xLog, yLog }));
  }, [curves, xLog, yLog]);
  return <div class="curve-plot" ref={place} role="img" aria-label={label} />;
}
