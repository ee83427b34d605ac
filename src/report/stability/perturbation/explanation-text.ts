/** What explains the growth at the end of the final stage, in sentences that page, table and findings share. */
import type { LeadingEnergy, MeanRatio, MeanShare } from '../../../schema/index.ts';
import type { GrowthByStage } from '../../../stability/index.ts';
import { formatNumber, formatPercent, plural } from '../../numbers.ts';
import { fewestForInterval } from './perturbation-text.ts';

export const ratioText = (r: MeanRatio | null): string =>
  r === null ? '–' : `${formatNumber(r.ratio, 3)} (${formatNumber(r.low, 3)} to ${formatNumber(r.high, 3)})`;

/** With its interval where there are enough images, and how many times that of a vector without direction it is. */
export function shareText(own: MeanShare | null, isotropic: number): string {
  if (own === null) return '–';
  const interval = own.images < fewestForInterval ? '' : `${formatPercent(own.low)} to ${formatPercent(own.high)}; `;
  return `${formatPercent(own.share)} (${interval}${formatNumber(own.share / isotropic, 2)} times as much)`;
}

/** Whether the direction of the margin's gradient alone makes perturbations grow as the attack's do; none where it was not measured. */
export function directedText({ final }: GrowthByStage): string[] {
  const over = final?.overDirected;
  if (!final?.directed || !over) return [];
  const verdict =
    over.low > 1
      ? 'the direction of the margin’s gradient alone does not explain all of it'
      : over.high < 1
        ? 'the direction of the margin’s gradient alone makes for more than that'
        : 'nothing of it is seen that the direction of the margin’s gradient alone does not explain';
  return [
    `From ${final.from} to ${final.to} noise with the component of the adversarial perturbation along the margin’s gradient (directed) is multiplied by ${ratioText(final.directed)}, plain noise by ${ratioText(final.random)}, adversarial perturbations by ${ratioText(final.adversarial)}, which is ${ratioText(over)} times as much as directed noise: ${verdict}.`,
  ];
}

/** How much of what enters the last units lies where they amplify most; none where it was not measured. */
export function leadingText(leading: LeadingEnergy | null): string[] {
  const own = leading?.trained.adversarial;
  if (!leading || !own) return [];
  const { units, count, isotropic, trained, untrained } = leading;
  const where = units.length === 1 ? units[0]! : `${units[0]!} to ${units.at(-1)!}`;
  const text = (share: MeanShare | null) => shareText(share, isotropic);
  return [
    `On the ${plural(count, 'leading right singular vector')} of ${where}, which hold ${formatPercent(isotropic)} of a vector without direction (k / n), lie ${text(own)} of the squared length of adversarial perturbations and ${text(trained.gradient)} of the margin’s gradient; ${text(trained.directed)} of directed, ${text(trained.shuffled)} of shuffled and ${text(trained.random)} of random perturbations (means over ${plural(own.images, 'image')}${own.images < fewestForInterval ? ', too few for intervals' : ', 95 % intervals'}).`,
    ...(untrained?.adversarial
      ? [
          `In the untrained network, batch norm calibrated, it is ${text(untrained.adversarial)} of adversarial perturbations and ${text(untrained.gradient)} of the margin’s gradient.`,
        ]
      : []),
  ];
}
