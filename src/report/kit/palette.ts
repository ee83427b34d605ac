/**
 * Colours, by what they mean. Each is a CSS variable that the page sets for light and dark, with the light value as fallback
 * so that a figure taken out of the page keeps its colours. The hues are those of Okabe and Ito (safe for colour-blind readers).
 */
export const colors = {
  above: 'var(--above, #d55e00)',
  plateau: 'var(--plateau, #7d8793)',
  below: 'var(--below, #0072b2)',
  zero: 'var(--zero, #2b2135)',
  active: 'var(--active, #009e73)',
  ink: 'var(--ink, #1b1f24)',
  soft: 'var(--soft, #5b6470)',
  /** Ends and middle of the diverging scale of the heat map. */
  aboveDeep: 'var(--above-deep, #9c3a00)',
  belowDeep: 'var(--below-deep, #0b3c8f)',
  neutral: 'var(--neutral, #f1f2f3)',
} as const;

/**
 * Hues of series whose order is that of a study, those of Okabe and Ito first. Each has at least 3:1 against the page, light and dark; what there is
 * more of than hues must differ in its dashes.
 */
export const seriesHues = [
  colors.below,
  colors.above,
  'var(--series-green, #008a64)',
  'var(--series-pink, #b8478f)',
  'var(--series-ochre, #946f00)',
  'var(--series-indigo, #5b4bb7)',
  'var(--series-brown, #7a4a1e)',
  'var(--series-night, #2b2135)',
  'var(--series-grey, #6b7785)',
] as const;

/** Anchors of the depth ramp: luminance rises along it, and all of it has at least 3:1 against white and against near-black. */
const ramp: readonly (readonly [number, number, number])[] = [
  [78, 92, 220],
  [166, 78, 196],
  [210, 84, 124],
  [206, 122, 30],
];

/** Colour of position t in 0 .. 1 (first to last unit of a stage). */
export function depthColor(t: number): string {
  const x = Math.min(1, Math.max(0, t)) * (ramp.length - 1);
  const i = Math.min(ramp.length - 2, Math.floor(x));
  const mixed = ramp[i]!.map((c, j) => Math.round(c + (x - i) * (ramp[i + 1]![j]! - c)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}
