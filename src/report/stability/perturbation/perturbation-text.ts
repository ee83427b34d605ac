import { type GrowthRatio, kinds, type PerturbationKind, type PerturbationResult } from '../../../stability/index.ts';
import { formatCount, formatNumber } from '../../numbers.ts';

/** Three digits; a dash where there is no number. */
export const short = (x: number | null | undefined): string =>
  x === null || x === undefined || !Number.isFinite(x) ? '-' : formatNumber(x, 3);

/** `0.0078 (2/255)` where the radius is a whole number of grey levels. */
export function formatRadius(eps: number | null): string {
  if (eps === null) return 'the smallest found';
  const levels = eps * 255;
  return Math.abs(levels - Math.round(levels)) < 1e-6 ? `${Math.round(levels)}/255` : formatNumber(eps, 3);
}

/** Images from which on a 95 % interval for a median exists at all: 1 - 2 / 2⁶ = 0.97. */
export const fewestForInterval = 6;

/** `1.8 (1.6 to 2.1)`; without the interval where it would come of too few images. */
export function formatInterval(ratio: GrowthRatio['toRandom'], images: number): string {
  if (!ratio) return '-';
  return images < fewestForInterval
    ? short(ratio.value)
    : `${short(ratio.value)} (${short(ratio.low)} to ${short(ratio.high)})`;
}

/** The kinds that a result has: before version 2 there was no directed control. */
export const kindsIn = ({ layers }: Pick<PerturbationResult, 'layers'>): readonly PerturbationKind[] =>
  kinds.filter((kind) => kind !== 'directed' || layers.some((layer) => layer.directed));

/** `1 image`, `8 images`. */
export const imageCount = (n: number): string => `${formatCount(n)} image${n === 1 ? '' : 's'}`;
