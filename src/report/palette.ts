/**
 * Colours, by what they mean. Each is a CSS variable that the page sets for light and dark, with the light value as fallback
 * so that a figure taken out of the page keeps its colours. The hues are those of Okabe and Ito (safe for colour-blind readers).
 */
export const colors = {
  above: 'var(--above, #d55e00)',
  plateau: 'var(--plateau, #a9b1bb)',
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

/** Anchors of the depth ramp: luminance rises along it, and all of it is legible on white and on near-black. */
const ramp: readonly (readonly [number, number, number])[] = [
  [69, 84, 200],
  [150, 75, 185],
  [214, 84, 120],
  [240, 145, 55],
];

/** Colour of position t in 0 .. 1 (first to last unit of a stage). */
export function depthColor(t: number): string {
  const x = Math.min(1, Math.max(0, t)) * (ramp.length - 1);
  const i = Math.min(ramp.length - 2, Math.floor(x));
  const mixed = ramp[i]!.map((c, j) => Math.round(c + (x - i) * (ramp[i + 1]![j]! - c)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}
