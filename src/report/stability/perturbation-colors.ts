import type { PerturbationKind } from '../../stability/index.ts';
import { colors, seriesHues } from '../kit/palette.ts';

/** Of a kind of perturbation, on every page. */
export const perturbationColors: Readonly<Record<PerturbationKind, string>> = {
  adversarial: colors.above,
  random: colors.below,
  shuffled: colors.active,
  directed: seriesHues[3],
};
