/** The first sentences of the reports on one network: what was found, with the range or the interval that it holds in. */

import { largestOf, leastOf } from '../../base/statistics.ts';
import type {
  AlignmentResult,
  ConvolutionsResult,
  CurvatureResult,
  EigenvaluesResult,
  InterventionResult,
  PerturbationResult,
  ReproductionResult,
  SpectrumResult,
} from '../../stability/index.ts';
import { shareInterval, type VerdictOutcome } from '../../verdict/index.ts';
import {
  formatCount,
  formatExact,
  formatNumber,
  formatPercent,
  formatRange,
  plural,
  typesetNumber,
} from '../numbers.ts';
import { fewestForInterval, formatInterval, formatRadius } from './perturbation/perturbation-text.ts';
import { withError } from './probed-value.ts';
import { paperFindings } from './reproduction/reproduction-findings.ts';
import { unitRows } from './spectrum/spectrum-rows.ts';

const short = (x: number) => typesetNumber(x, 3);
const spanOf = (values: readonly number[], format: (x: number) => string) =>
  formatRange(leastOf(values), largestOf(values), format);
const atImages = (n: number) => `at ${plural(n, 'image')}`;

/** `41 % (95 %: 31 % to 52 %)`, of `n` images. */
function shareText(share: number, n: number): string {
  if (n === 0) return formatPercent(share);
  const { low, high } = shareInterval(Math.round(share * n), n);
  return `${formatPercent(share)} (95 %: ${formatPercent(low)} to ${formatPercent(high)})`;
}

/** How many singular values a unit leaves as they are, and how much it amplifies. */
export function spectrumAnswer(result: SpectrumResult): string[] {
  const rows = unitRows(result);
  const shares = rows.flatMap((r) => r.plateauShare ?? []);
  const largest = rows.flatMap((r) => (r.largest === null ? [] : [{ value: r.largest, name: r.block.name }]));
  const most = shares.filter((s) => s > 0.5).length;
  const spectra = `${plural(shares.length, 'spectrum', 'spectra')} of residual units`;
  const top = largest.reduce<(typeof largest)[number] | null>((a, b) => (a && a.value >= b.value ? a : b), null);
  const stages = result.images.flatMap((i) => i.stages.flatMap((s) => s.singularValues[0] ?? []));
  const wholes = result.images.flatMap((i) => i.network?.singularValues[0] ?? []);
  return [
    ...(shares.length > 0
      ? [
          `In ${formatCount(most)} of ${spectra} more than half of the singular values are at the plateau, where the unit neither amplifies nor damps (${spanOf(shares, formatPercent)} of them, ${atImages(result.images.length)}).`,
        ]
      : []),
    ...(top
      ? [
          `The strongest amplification by a unit is ${short(top.value)} (${top.name})${
            largest.length > 1
              ? `; the largest singular values are ${spanOf(
                  largest.map((l) => l.value),
                  short,
                )}`
              : ''
          }.`,
        ]
      : []),
    ...(wholes.length > 0
      ? [
          `Pixels that move by 1 in l2 move the logits by at most ${spanOf(wholes, short)}, to first order, ${atImages(result.images.length)}.`,
        ]
      : []),
    ...(top || stages.length === 0
      ? []
      : [`The largest singular values of the stages are ${spanOf(stages, short)}, ${atImages(result.images.length)}.`]),
    ...(top || stages.length + wholes.length > 0
      ? []
      : ['No singular value converged: nothing can be said of this network.']),
  ];
}

/** What the attack takes, and how the perturbation grows against a random one. */
export function perturbationAnswer(result: PerturbationResult): string[] {
  const { attack, clean, images, growth, followed } = result;
  const last = growth.filter((g) => g.toRandom).at(-1);
  const fooled = attack.attacked > 0 ? attack.verified / attack.attacked : 0;
  return [
    attack.attacked === 0
      ? `No image is answered rightly, so there was none to attack: accuracy is ${shareText(clean.accuracy, images.length)}.`
      : `${attack.name.toUpperCase()} in ${attack.norm} (${attack.eps === null ? 'the smallest perturbations' : `radius ${formatRadius(attack.eps)}`}) fools ${shareText(fooled, attack.attacked)} of ${plural(attack.attacked, 'image')} that are answered rightly; accuracy ${attack.accuracy < clean.accuracy ? `falls from ${formatPercent(clean.accuracy)} to` : 'stays at'} ${shareText(attack.accuracy, images.length)}.`,
    ...(last
      ? [
          `At the end of ${last.stage} the perturbations are ${formatInterval(last.toRandom, followed)} times as large as random ones of the same norm at the entry${
            followed < fewestForInterval ? `, on ${plural(followed, 'image')}: too few for an interval` : ''
          }.`,
        ]
      : []),
  ];
}

/** What the scales cost, and how far they move the spectra. */
export function interventionAnswer({ unchanged, scales }: InterventionResult): string[] {
  const worst = scales.reduce((a, b) => (b.accuracy < a.accuracy ? b : a));
  const changes = scales.flatMap((s) => s.units.flatMap((u) => u.change ?? [])).filter((c) => c > 0);
  const at = `a = ${formatExact(worst.skipScale)}, c = ${formatExact(worst.weightScale)}`;
  const before = shareText(unchanged.accuracy, unchanged.evaluated);
  return [
    worst.accuracy < unchanged.accuracy
      ? `Accuracy falls from ${before} to ${shareText(worst.accuracy, worst.evaluated)} at ${at}, the worst of ${plural(scales.length, 'pair')} of scales.`
      : `None of ${plural(scales.length, 'pair')} of scales costs accuracy: it is ${before} unchanged and at least ${formatPercent(worst.accuracy)} changed.`,
    ...(changes.length > 0 ? [`The spectra of the changed units move by ${spanOf(changes, formatPercent)}.`] : []),
  ];
}

/** Sharpness and trace with their errors. */
export function curvatureAnswer({ eigenvalues, smallest, trace, density, examples }: CurvatureResult): string[] {
  const [top, bottom] = [eigenvalues[0], smallest[0]];
  return [
    `${
      top
        ? `The sharpest direction of the loss has curvature ${short(top.value)} (residual ${typesetNumber(top.residual, 2)})`
        : 'No eigenvalue converged'
    }; the trace of the Hessian is ${withError(trace, typesetNumber)}, on ${plural(examples, 'example')}.`,
    ...(bottom && bottom.value < 0
      ? [
          `It is no minimum: along some direction the loss bends down with ${short(bottom.value)}${
            density
              ? `, and ${withError(density.negativeMass, formatPercent)} of the sum of |eigenvalue| is negative`
              : ''
          }.`,
        ]
      : []),
  ];
}

/** The norms of the layers, and what the usual approximation of them is worth. */
export function convolutionsAnswer({ layers }: ConvolutionsResult): string[] {
  const norms = layers.flatMap((l) =>
    l.singularValues.length > 0 ? [{ name: l.name, norm: l.singularValues[0]! }] : [],
  );
  const errors = layers.flatMap((l) => (l.circular?.normError == null ? [] : [Math.abs(l.circular.normError)]));
  if (norms.length === 0) return ['No singular value converged: nothing can be said of these convolutions.'];
  const top = norms.reduce((a, b) => (b.norm > a.norm ? b : a));
  return [
    `The most amplifying of ${plural(norms.length, 'convolution')} is ${top.name} with a largest singular value of ${short(top.norm)}${
      norms.length > 1
        ? `; they go from ${spanOf(
            norms.map((n) => n.norm),
            short,
          )}`
        : ''
    }.`,
    ...(errors.length > 0
      ? [`The circular formula, an approximation, is off by ${spanOf(errors, formatPercent)} of the norm.`]
      : []),
  ];
}

/** Whether units grow something when they are iterated. */
export function eigenvaluesAnswer({ branches, images }: EigenvaluesResult): string[] {
  const units = branches.flatMap((b) => b.unitRadius ?? []);
  if (units.length === 0) return ['No eigenvalue converged: nothing can be said of these units.'];
  const growing = units.filter((r) => r > 1 + 1e-5).length;
  return [
    `${formatCount(growing)} of ${plural(units.length, 'linearized unit')} would amplify some direction when applied again and again: their spectral radius goes from ${spanOf(units, short)}, ${atImages(images.length)}.`,
  ];
}

/** Whether branches of a stage read and write the same directions. */
export function alignmentAnswer({ stages, images }: AlignmentResult): string[] {
  const times = stages.map((s) => s.offDiagonal.leftRight.mean / s.expected);
  const aligned = stages.filter((s) => s.offDiagonal.leftRight.quantiles.q05 > s.expected).length;
  return [
    `What one branch writes and another one reads overlaps ${spanOf(times, (x) => formatNumber(x, 2))} times as much as random subspaces (by stage, means ${atImages(images.length)}); in ${aligned} of ${plural(stages.length, 'stage')} clearly more, by the 5 % quantile over images.`,
    `A branch’s action comes back on another branch’s singular vectors to ${spanOf(
      stages.map((s) => s.offDiagonal.paired.mean),
      (x) => typesetNumber(x, 2),
    )} (1: Residual Alignment in full; 0: none).`,
  ];
}

const verdicts: readonly (readonly [VerdictOutcome, string])[] = [
  ['agrees', 'agree'],
  ['disagrees', 'disagree'],
  ['cannot tell', 'cannot be told'],
  ['not testable here', 'are not testable here'],
];

/** How the paper's findings stand on this network. */
export function reproductionAnswer(result: ReproductionResult): string[] {
  const findings = paperFindings(result);
  const parts = verdicts.flatMap(([verdict, verb]) => {
    const own = findings.filter((f) => f.verdict === verdict).map((f) => f.name);
    return own.length > 0
      ? [
          `${own.length} ${
            own.length === 1
              ? verb
                  .replace(/^agree/, 'agrees')
                  .replace(/^disagree$/, 'disagrees')
                  .replace(/^are/, 'is')
              : verb
          } (${own.join(', ')})`,
        ]
      : [];
  });
  return [
    `Of the paper’s ${findings.length} findings, ${parts.join(', ')} on ${result.model}, ${atImages(result.images.length)}.`,
    ...perturbationAnswer(result.perturbations),
  ];
}
