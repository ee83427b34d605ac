import { largestOf, leastOf } from '../../base/statistics.ts';

/** Ends of an axis, and what lies beyond them. */
export interface AxisLimits {
  readonly low: number;
  readonly high: number;
  /** Values below and above the limits, ascending. */
  readonly below: readonly number[];
  readonly above: readonly number[];
}

/** How many interquartile ranges off the quartiles a value is far out (Tukey's outer fences). */
const fence = 3;

/** An axis is cut only where what remains has so many times the room. */
const gain = 4;

/** So many of `n` values may be beyond: more of them are no outliers but part of the picture. */
const mostBeyond = (n: number) => Math.max(2, Math.floor(n / 8));

/** Fewer values say nothing of what is usual. */
const fewest = 5;

function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const [i, rest] = [Math.floor(at), at - Math.floor(at)];
  return sorted[i]! + rest * ((sorted[i + 1] ?? sorted[i]!) - sorted[i]!);
}

/**
 * Limits for an axis that a few far values do not flatten: the range of what lies within Tukey's outer fences, three interquartile ranges off
 * the quartiles, and of the nearest others where more than one in eight would be beyond; on a linear or a logarithmic scale. Without an outlier that costs most of the axis it is the whole range.
 *
 * @param values At least one; positive where `log`.
 * @param always Must be inside, outliers or not: ideals, references.
 */
export function robustLimits(
  values: readonly number[],
  { log = false, always = [] as readonly number[] } = {},
): AxisLimits {
  const to = (x: number) => (log ? Math.log(x) : x);
  const whole = [...values, ...always];
  const all = { low: leastOf(whole), high: largestOf(whole), below: [], above: [] };
  if (values.length < fewest) return all;
  const sorted = [...values].sort((a, b) => a - b);
  const scaled = sorted.map(to);
  const [lower, upper] = [quantile(scaled, 0.25), quantile(scaled, 0.75)];
  // Where most values are the same, what differs by a twentieth is still near.
  const span = Math.max(upper - lower, log ? Math.log(1.05) : 0.05 * Math.abs(quantile(scaled, 0.5)));
  const farness = (x: number) => Math.max(lower - x, x - upper, 0);
  const byFarness = sorted.map((value, i) => ({ value, far: farness(scaled[i]!) })).sort((a, b) => a.far - b.far);
  const usual = byFarness
    .filter(({ far }, i) => far <= fence * span || i < sorted.length - mostBeyond(sorted.length))
    .map(({ value }) => value);
  const inside = [...usual, ...always];
  const [low, high] = [leastOf(inside), largestOf(inside)];
  if (to(all.high) - to(all.low) < gain * (to(high) - to(low))) return all;
  return { low, high, below: sorted.filter((v) => v < low), above: sorted.filter((v) => v > high) };
}

/** What a reader must be told of an axis with such limits; undefined where nothing lies beyond. */
export function beyondNote(
  { below, above }: Pick<AxisLimits, 'below' | 'above'>,
  format: (x: number) => string,
): string | undefined {
  const part = (values: readonly number[], mark: string, where: string, to: string) =>
    values.length > 0
      ? [`${mark} ${values.length} ${values.length === 1 ? 'value' : 'values'} ${where} the axis, ${to}`]
      : [];
  const parts = [
    ...part(above, '▲', 'above', `up to ${format(above.at(-1) ?? 0)}`),
    ...part(below, '▼', 'below', `down to ${format(below[0] ?? 0)}`),
  ];
  return parts.length > 0 ? `${parts.join('; ')}.` : undefined;
}

export interface FramePoint {
  readonly x: number;
  readonly y: number;
}

export interface Frame {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Whether lines are straight in the logarithm of x, of y. */
  readonly log: { readonly x: boolean; readonly y: boolean };
}

/** The part of a segment that is inside a frame (Liang and Barsky); null where none is. */
function clipSegment(from: FramePoint, to: FramePoint, { x, y, log }: Frame): [FramePoint, FramePoint] | null {
  const scale = (v: number, l: boolean) => (l ? Math.log(v) : v);
  const back = (v: number, l: boolean) => (l ? Math.exp(v) : v);
  const [x0, y0, x1, y1] = [scale(from.x, log.x), scale(from.y, log.y), scale(to.x, log.x), scale(to.y, log.y)];
  let [start, end] = [0, 1];
  const sides = [
    [x0 - x1, x0 - scale(x[0], log.x)],
    [x1 - x0, scale(x[1], log.x) - x0],
    [y0 - y1, y0 - scale(y[0], log.y)],
    [y1 - y0, scale(y[1], log.y) - y0],
  ] as const;
  for (const [p, q] of sides) {
    if (p === 0 && q < 0) return null;
    if (p < 0) start = Math.max(start, q / p);
    if (p > 0) end = Math.min(end, q / p);
  }
  if (start > end) return null;
  const at = (t: number) => ({ x: back(x0 + t * (x1 - x0), log.x), y: back(y0 + t * (y1 - y0), log.y) });
  return [start === 0 ? from : at(start), end === 1 ? to : at(end)];
}

/** A polyline cut at the edges of a frame: the pieces of it that are inside. */
export function clipLine(points: readonly FramePoint[], frame: Frame): FramePoint[][] {
  const pieces: FramePoint[][] = [];
  let open = false; // whether the last piece ends in the point before
  for (let i = 1; i < points.length; i++) {
    const part = clipSegment(points[i - 1]!, points[i]!, frame);
    if (!part) {
      open = false;
      continue;
    }
    const [from, to] = part;
    if (open && from === points[i - 1]) pieces.at(-1)!.push(to);
    else pieces.push([from, to]);
    open = to === points[i];
  }
  return pieces;
}
