import type { AttackSummary, PerturbationResult } from '../../../stability/index.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { perturbationAnswer } from '../stability-answers.ts';
import { directedText, leadingText } from './explanation-text.ts';
import { fewestForInterval, formatInterval, formatRadius, imageCount, kindsIn, short } from './perturbation-text.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function attackLines(result: PerturbationResult): string[] {
  const { attack, images, clean } = result;
  const one = (a: AttackSummary) =>
    `${attack.name} ${attack.norm}, radius ${formatRadius(a.eps)}: accuracy ${percent(a.accuracy)}, ${a.verified} of ${a.attacked} attacked images fooled` +
    (a.medianL2 === null ? '' : ` (median l2 ${short(a.medianL2)}, linf ${short(a.medianLinf)})`);
  return [
    `${result.model} on ${imageCount(images.length)} of ${result.dataset}: accuracy ${percent(clean.accuracy)}; ${clean.misclassified.length} misclassified without a perturbation`,
    ...result.byRadius.map(one),
    ...new Set(result.byRadius.flatMap((a) => a.warnings.map((w) => `warning: ${w}`))),
  ];
}

/** Accuracies, and a row for each place of the network, as text for the terminal. */
export function perturbationTable(
  result: PerturbationResult,
  { width = terminalWidth() }: Partial<TerminalOptions> = {},
): string {
  const lines = [...opening(perturbationAnswer(result), width), '', ...attackLines(result)];
  if (result.followed === 0)
    return fitted([...lines, '', 'no perturbation was found, so there is none to follow'].join('\n'), width);
  const energies = new Map(result.projections.map((p) => [p.name, p]));
  const kinds = kindsIn(result);
  const own = ['gain', 'linear', 'error'];
  const projected = energies.size > 0 ? ['above', 'at a', 'below', 'random above'] : [];
  const heads = ['place', ...kinds, ...own, ...projected];
  // What goes first where there is no room.
  const expendable = ['error', 'below', 'random above', 'linear', 'shuffled', 'directed'].flatMap((head) =>
    heads.includes(head) ? [heads.indexOf(head)] : [],
  );
  const rows = result.layers.map((layer) => {
    const own = energies.get(layer.name)?.adversarial;
    return [
      layer.name,
      ...kinds.map((kind) => short(layer[kind]?.relativeNorm)),
      short(layer.adversarial?.gain),
      short(layer.adversarial?.predictedGain),
      short(layer.adversarial?.linearizationError),
      ...(projected.length
        ? [
            short(own?.energyAbove),
            short(own?.energyPlateau),
            short(own?.energyBelow),
            short(energies.get(layer.name)?.random?.energyAbove),
          ]
        : []),
    ];
  });
  const table = alignColumns([heads, ...rows], { width, drop: expendable });
  const growth = alignColumns(
    [
      ['end of', ...kinds.slice(1).map((kind) => `adversarial / ${kind}`), 'untrained network: adversarial / random'],
      ...result.growth.map((g) => [
        g.stage,
        ...[g.toRandom, g.toShuffled, g.toDirected]
          .slice(0, kinds.length - 1)
          .map((ratio) => formatInterval(ratio, result.followed)),
        formatInterval(g.untrainedToRandom, result.images.length),
      ]),
    ],
    { width },
  );
  const explained = [
    ...(result.byStage && result.followed >= fewestForInterval ? directedText(result.byStage) : []),
    ...leadingText(result.leading),
  ];
  return fitted(
    [
      ...lines,
      '',
      `medians over ${imageCount(result.followed)}: |d| / |x| of ${kinds.length === 3 ? 'three' : 'four'} kinds of perturbation of the same l2 norm; gain, linear prediction and its error`,
      ...(projected.length
        ? ['are the adversarial ones, and so are the energies on singular values above, at and below the plateau']
        : ['are the adversarial ones']),
      ...table,
      ...(result.growth.length === 0
        ? []
        : [
            '',
            result.followed < fewestForInterval
              ? `ratio of |d| / |x|, median over images (too few for an interval)`
              : 'ratio of |d| / |x|, median over images with a 95 % bootstrap interval',
            ...growth,
          ]),
      ...(result.fooled
        ? [
            '',
            `share of answers changed: ${kinds.map((kind) => `${kind} ${percent(result.fooled![kind])}`).join(', ')}`,
          ]
        : []),
      ...(explained.length ? ['', ...opening(explained, width)] : []),
    ].join('\n'),
    width,
  );
}
