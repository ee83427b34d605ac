import type { PerturbationPixels, PerturbationResult, ProjectedBlock } from '../../../stability/index.ts';
import { figure } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage, type Section } from '../../kit/page.ts';
import { pngDataUrl } from '../../kit/png.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatDuration, formatNumber, formatPercent, typesetNumber } from '../../numbers.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { perturbationAnswer } from '../stability-answers.ts';
import { directedText, leadingText, shareText } from './explanation-text.ts';
import {
  accuracyFigure,
  gainFigure,
  growthFigure,
  predictedGainFigure,
  projectionFigure,
} from './perturbation-figures.ts';
import { fewestForInterval, formatInterval, formatRadius, imageCount, kindsIn } from './perturbation-text.ts';

export interface PerturbationReportOptions {
  readonly pixels: readonly PerturbationPixels[];
  /** Channels, height, width. */
  readonly shape: readonly number[];
  /** The command line that made the result. */
  readonly command?: string;
}

/** Channels first in [0, 1] as a picture. */
function picture(values: ArrayLike<number>, [channels, height, width]: readonly number[]): string {
  const plane = height! * width!;
  const bytes = Uint8Array.from({ length: 3 * plane }, (_, i) => {
    const own = values[channels === 1 ? i % plane : i] ?? 0;
    return Math.max(0, Math.min(255, Math.round(255 * own)));
  });
  return pngDataUrl({ width: width!, height: height!, bytes }, 3);
}

/** The image, the perturbed image and the perturbation around grey, amplified so that its largest pixel is black or white. */
export function pictures(result: PerturbationResult, { pixels, shape }: PerturbationReportOptions): Html | null {
  if (pixels.length === 0) return null;
  const name = (c: number) => result.classes[c] ?? `class ${c}`;
  const rows = html`<ul class="pictures">${pixels.map(({ image, clean, perturbed }) => {
    const known = result.shown.find((s) => s.image === image)!;
    const cells = kindsIn(result).map((kind) => {
      const d = perturbed[kind].map((v, i) => v - clean[i]!);
      const most = d.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      const factor = most > 0 ? 0.5 / most : 1;
      return html`<figure><img src="${picture(
        d.map((v) => 0.5 + factor * v),
        shape,
      )}" alt="${kind} perturbation of image ${image}"><figcaption>${kind} ×${formatNumber(factor, 2)}</figcaption></figure>`;
    });
    return html`<li><span><b>image ${image}</b>${name(known.label)}${known.answer === known.label ? ', still' : ' → '}${
      known.answer === known.label ? ' right' : html`<span class="wrong">${name(known.answer)}</span>`
    }<br>l2 ${formatNumber(known.l2, 3)}, linf ${formatNumber(known.linf, 3)}</span>
<figure><img src="${picture(clean, shape)}" alt="image ${image}"><figcaption>image</figcaption></figure>
<figure><img src="${picture(perturbed.adversarial, shape)}" alt="image ${image}, perturbed"><figcaption>perturbed</figcaption></figure>${cells}</li>`;
  })}</ul>`;
  return figure({
    title: 'Images and their perturbations',
    panelWidth: 800,
    panels: [{ body: rows }],
    caption: html`The image, the image with the adversarial perturbation, and the perturbations of each kind around grey, amplified by the factor below each so that its largest
      value is black or white. ${result.attack.verified ? 'Images that were fooled come first.' : 'None of them was fooled.'}`,
  });
}

/** What controls of the same length do to the answers. */
function fooledText({ fooled, followed }: PerturbationResult): string {
  if (!fooled) return '';
  const share = (kind: keyof typeof fooled) => formatPercent(fooled[kind]);
  return `. Of the ${imageCount(followed)} that are followed perturbations of the same Euclidean norm change the answer to: random ${share('random')}, shuffled ${share('shuffled')}, directed ${share('directed')}, adversarial ${share('adversarial')}`;
}

export function attackTable(result: PerturbationResult): Html {
  return html`<div class="scroll"><table><thead><tr><th>radius</th><th>accuracy</th><th>attacked</th><th>claimed</th><th>confirmed</th><th>median l2</th><th>median linf</th></tr></thead>
<tbody><tr><td>none</td><td>${(100 * result.clean.accuracy).toFixed(1)} %</td><td></td><td></td><td></td><td></td><td></td></tr>${result.byRadius.map(
    (a) =>
      html`<tr><td>${formatRadius(a.eps)}</td><td>${(100 * a.accuracy).toFixed(1)} %</td><td>${a.attacked}</td><td>${a.successes}</td><td>${a.verified}</td><td>${a.medianL2 === null ? '–' : typesetNumber(a.medianL2)}</td><td>${a.medianLinf === null ? '–' : typesetNumber(a.medianLinf)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** Energies on whole stages, and on the leading singular vectors of these. */
function stageTable({ projections, layers }: PerturbationResult): Html | null {
  const kinds = kindsIn({ layers });
  const rowsOf = (stage: ProjectedBlock) => [
    ...kinds.flatMap((kind) => {
      const own = stage[kind];
      return own ? [{ name: kind, own, measured: own.measuredGain }] : [];
    }),
    ...(stage.gradient ? [{ name: 'margin’s gradient', own: stage.gradient, measured: null }] : []),
  ];
  const stages = projections.filter((p) => p.kind === 'stage');
  if (stages.length === 0) return null;
  const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);
  const k = Math.max(...stages.map((s) => s.top?.values.length ?? 0));
  return html`<h3>Whole stages</h3>
<div class="scroll"><table><thead><tr><th>stage</th><th>perturbation</th><th>above 1</th><th>at 1</th><th>below 1</th><th>± at most</th>${
    k ? html`<th>on the top ${k}</th>` : null
  }<th>gain predicted</th><th>measured</th><th>isotropic</th></tr></thead><tbody>${stages.flatMap((stage) =>
    rowsOf(stage).map(
      ({ name, own, measured }) =>
        html`<tr><td>${stage.name}</td><td>${name}</td><td>${percent(own.energyAbove)}</td><td>${percent(own.energyPlateau)}</td><td>${percent(own.energyBelow)}</td><td>${percent(own.uncertainty)}</td>${
          k ? html`<td>${percent(own.energyTop)}</td>` : null
        }<td>${typesetNumber(own.predictedGain)}</td><td>${measured === null ? '–' : typesetNumber(measured)}</td><td>${typesetNumber(stage.isotropicGain)}</td></tr>`,
    ),
  )}</tbody></table></div>
<p>Incoming perturbations on the right singular vectors of the map from a stage’s input to its last addition. Where the measured gain differs from the predicted one the perturbation has left the region in which the linearization holds.</p>`;
}

/** Energies on the leading singular vectors of the last units, trained and untrained; null where they were not measured. */
function leadingTable({ leading, projections, untrained, layers }: PerturbationResult): Html | null {
  if (!leading) return null;
  const told = leadingText(leading);
  const kinds = kindsIn({ layers });
  const percent = (share: number | null | undefined) =>
    share === null || share === undefined ? '–' : formatPercent(share);
  const row = (network: string, block: ProjectedBlock) =>
    html`<tr><td>${block.name}</td><td>${network}</td>${kinds.map((kind) => html`<td>${percent(block[kind]?.energyTop)}</td>`)}<td>${percent(block.gradient?.energyTop)}</td><td>${percent(leading.isotropic)}</td></tr>`;
  const rows = leading.units.flatMap((name) => {
    const of = (blocks: readonly ProjectedBlock[]) => blocks.filter((b) => b.name === name && b.kind === 'unit');
    return [
      ...of(projections).map((block) => row('trained', block)),
      ...of(untrained?.projections ?? []).map((block) => row('untrained', block)),
    ];
  });
  const mean = (network: string, shares: NonNullable<typeof leading>['trained']) =>
    html`<tr><td>all of these</td><td>${network}</td>${kinds.map((kind) => html`<td>${shareText(shares[kind], leading.isotropic)}</td>`)}<td>${shareText(shares.gradient, leading.isotropic)}</td><td>${percent(leading.isotropic)}</td></tr>`;
  return html`<h3>On the ${leading.count} leading right singular vectors at the end of ${leading.stage}</h3>
${told.length ? html`<ul class="findings">${told.map((text) => html`<li>${text}</li>`)}</ul>` : null}
<div class="scroll"><table><thead><tr><th>unit</th><th>network</th>${kinds.map((kind) => html`<th>${kind}</th>`)}<th>margin’s gradient</th><th>k / n</th></tr></thead><tbody>${rows}${mean('trained', leading.trained)}${
    leading.untrained ? mean('untrained', leading.untrained) : null
  }</tbody></table></div>
<p>Squared length of what enters a unit on its leading right singular vectors, means over images; in brackets 95 % intervals (Student’s t). The margin’s gradient is that of the logit of the answer less the largest other one, with respect to the unit’s input at the clean image. The untrained network has its batch norm calibrated and is attacked on its own answers.</p>`;
}

/** Sentences with the numbers that answer the paper's question about growth (F4). */
function growthFindings(result: PerturbationResult): Html {
  const entry = result.layers[0]!;
  const sentence = (g: PerturbationResult['growth'][number]) => {
    const r = g.toRandom!;
    const certain = result.followed >= fewestForInterval;
    const more = !certain ? null : r.low > 1 ? 'larger' : r.high < 1 ? 'smaller' : null;
    return html`<li${more === 'larger' ? html` class="caution"` : ''}><b>${formatNumber(r.value, 3)}×</b>At the end of ${g.stage} adversarial perturbations are ${
      more ? `${more} than` : certain ? 'neither larger nor smaller than' : 'on few images compared with'
    } random ones of the same norm at the entry: ratio of ‖d‖ / ‖x‖ ${formatInterval(r, result.followed)}; against shuffled pixels ${formatInterval(g.toShuffled, result.followed)}${
      g.toDirected ? html`, against directed noise ${formatInterval(g.toDirected, result.followed)}` : ''
    }${
      g.untrainedToRandom
        ? html`; in the untrained network, against random, ${formatInterval(g.untrainedToRandom, result.images.length)}`
        : ''
    }.</li>`;
  };
  const directed = result.followed >= fewestForInterval && result.byStage ? directedText(result.byStage) : [];
  return html`<ul class="findings">${result.growth.filter((g) => g.toRandom).map(sentence)}${directed.map((text) => html`<li>${text}</li>`)}</ul>
<p>Medians over ${imageCount(result.followed)}${
    result.followed < fewestForInterval ? ', too few for intervals' : ' with 95 % bootstrap intervals over images'
  }; at the entry all kinds have ‖d‖ / ‖x‖ = ${formatNumber(entry.adversarial?.relativeNorm ?? Number.NaN, 3)} (median).</p>`;
}

/** How the attack went about it. */
function stepsOf({ attack, settings }: PerturbationResult): string {
  const [steps, length] = [`${String(settings.steps)} steps`, settings.stepSize];
  const starts = `${String(settings.restarts)} start${settings.restarts === 1 ? '' : 's'}${settings.randomStart ? ' from random points' : ''}`;
  switch (attack.name) {
    case 'fgsm':
      return 'one step';
    case 'pgd':
      return `${steps} of ${length === null ? 'a quarter of the radius' : formatNumber(Number(length), 3)}, ${starts}`;
    case 'apgd':
      return `${steps} of its own lengths, ${starts}`;
    case 'deepfool':
      return `at most ${steps}`;
    case 'cw':
      return `${steps} of Adam at rate ${formatNumber(Number(length ?? 0.01), 3)} for each of nine constants`;
    default:
      return `${steps}, ${starts}`;
  }
}

/** How perturbations grow: sentences and figures; empty where none was followed. */
export function throughNetwork(result: PerturbationResult): Html[] {
  return result.followed > 0 ? [growthFindings(result), growthFigure(result), gainFigure(result)] : [];
}

/** Their energies on singular vectors; empty where none was followed, or projected. */
export function onSingularVectors(result: PerturbationResult): Html[] {
  if (result.followed === 0) return [];
  return [
    projectionFigure(result, 'incoming'),
    projectionFigure(result, 'outgoing'),
    leadingTable(result),
    stageTable(result),
    predictedGainFigure(result),
  ].filter((part) => part !== null);
}

/** The report of `ballast perturb`: one HTML file without scripts that fetches nothing. */
export function renderPerturbationReport(result: PerturbationResult, options: PerturbationReportOptions): string {
  const { attack, settings } = result;
  const facts = html`<dl class="facts">
<dt>network</dt><dd>${result.model}, ${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, ${imageCount(result.images.length)} of the test set</dd>
<dt>attack</dt><dd>${attack.name} in ${attack.norm}, radius ${formatRadius(attack.eps)}, ${stepsOf(result)}${settings.target === null ? '' : `, aiming at ${String(settings.target)}`}</dd>
<dt>enters at</dt><dd>${settings.layer === null ? 'the image; pixels in [0, 1], normalization is part of the network' : `the input of ${String(settings.layer)}`}</dd>
<dt>controls</dt><dd>${String(settings.noise)} noise, the perturbation with its pixels shuffled${kindsIn(result).includes('directed') ? ', and noise with its component along the gradient of the margin (directed)' : ''}, each of the same Euclidean norm after clipping${result.untrained ? '; the same architecture untrained' : ''}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`;
  const warnings = [...new Set([attack, ...result.byRadius].flatMap((a) => a.warnings))];
  const present = (parts: readonly (Html | null)[]) => parts.filter((p) => p !== null);
  const followed = result.followed > 0;
  const sections: Section[] = [
    { title: 'What was measured', body: [facts] },
    {
      title: 'Under attack',
      body: present([
        attackTable(result),
        warnings.length ? html`<ul>${warnings.map((w) => html`<li class="wrong">warning: ${w}</li>`)}</ul>` : null,
        html`<p>${result.clean.misclassified.length} of ${result.images.length} images are misclassified without a perturbation; they are not attacked and count as wrong.
Every success was confirmed by predicting again${fooledText(result)}${followed ? '' : '. No perturbation was found, so there is none to follow through the network'}.${
          attack.attacked && !attack.verified
            ? ` At radius ${formatRadius(attack.eps)} the attack fooled no image${followed ? '; what is followed below are its unsuccessful perturbations' : ''}.`
            : ''
        }</p>`,
        accuracyFigure(result),
        pictures(result, options),
      ]),
    },
    {
      title: 'Through the network',
      body: throughNetwork(result),
    },
    {
      title: 'On singular vectors',
      body: onSingularVectors(result),
    },
  ];
  return renderPage({
    title: `Perturbations of ${result.model}`,
    answer: perturbationAnswer(result),
    lede: `${attack.name.toUpperCase()} against ${result.model}: ${(100 * result.clean.accuracy).toFixed(1)} % right without, ${(100 * attack.accuracy).toFixed(1)} % with perturbations of radius ${formatRadius(attack.eps)}.`,
    sections: sections.filter((s) => s.body.length > 0),
    footer: reportFooter(result.environment, options.command),
  });
}
