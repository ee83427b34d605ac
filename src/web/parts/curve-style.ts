import { seriesHues } from '../../report/kit/palette.ts';

export interface CurveStyle {
  /** A colour as a canvas takes it. */
  readonly color: string;
  readonly dash: readonly number[];
}

/** What there is more of than hues differs in its dashes. */
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [1, 4], [12, 5]];

/** How the curve at a place is drawn; colours are those of the page as it is now, light or dark. */
export function curveStyle(index: number): CurveStyle {
  const hue = seriesHues[index % seriesHues.length]!;
  const [, name, fallback] = /^var\((--[\w-]+), (.+)\)$/.exec(hue)!;
  const color = getComputedStyle(document.documentElement).getPropertyValue(name!).trim() || fallback!;
  return { color, dash: dashes[Math.floor(index / seriesHues.length) % dashes.length]! };
}
