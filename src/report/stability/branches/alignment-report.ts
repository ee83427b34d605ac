import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../../base/statistics.ts';
import type { AlignmentResult, StageSummary } from '../../../stability/index.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage } from '../../kit/page.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatRange, typesetNumber } from '../../numbers.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { seenImages } from '../seen-images.ts';
import { alignmentAnswer } from '../stability-answers.ts';
import { matrixPanel } from './matrix-panel.ts';

const measures = [
  ['leftRight', 'Uᵢ against Vⱼ: written, read'],
  ['leftLeft', 'Uᵢ against Uⱼ: written, written'],
  ['rightRight', 'Vᵢ against Vⱼ: read, read'],
  ['paired', 'Jᵢ on the vectors of unit j'],
] as const;

const shortName = (name: string) => name.slice(name.lastIndexOf('.') + 1);

function stageFigure(stage: StageSummary, images: number): Html {
  const short = stage.units.map(shortName);
  return figure({
    title: `Alignment across ${stage.name}`,
    panelWidth: 240,
    compact: true,
    legend: legend([
      { label: '0 (faint) to 1 (full)', color: colors.belowDeep },
      { label: 'negative', color: colors.aboveDeep },
    ]),
    panels: measures.map(([measure, title]) => matrixPanel(title, stage[measure], short)),
    caption: `Top ${stage.top} singular vectors of ${stage.units.length} units of size ${formatCount(stage.size)}, means over ${images} image${images === 1 ? '' : 's'}. The first three panels are root mean square cosines between subspaces: random ones have ${typesetNumber(stage.expected, 2)} (drawn in the same way: ${typesetNumber(stage.random, 2)}). The fourth is Σ uⱼᵀ Jᵢ vⱼ / Σ σᵢ, vector by vector: 1 where branch i does what branch j does, about 0 for random vectors.`,
  });
}

/** Lengths of the steps and top singular values along each stage, means over images. */
function pathFigure({ stages, measured }: AlignmentResult): Html {
  const color = (s: number) => depthColor(stages.length === 1 ? 0 : s / (stages.length - 1));
  const steps = stages.flatMap((stage, s) => {
    const own = measured.filter((m) => m.name === stage.name);
    return stage.units.map((_, i) => ({
      stage: stage.name,
      color: color(s),
      unit: i,
      step: own.reduce((sum, m) => sum + m.path.steps[i]!, 0) / own.length,
      top: own.reduce((sum, m) => sum + m.singularValues[i]![0]!, 0) / own.length,
    }));
  });
  const plot = (y: 'step' | 'top', label: string) =>
    draw({
      ariaLabel: label,
      width: 536,
      height: 260,
      marginLeft: 46,
      marginRight: 10,
      marginTop: 18,
      marginBottom: 36,
      x: {
        ticks: [...new Set(steps.map((p) => p.unit))],
        tickFormat: (u: number) => String(u + 1),
        label: 'unit of the stage that is compared',
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: { domain: [0, 1.06 * largestOf(steps.map((p) => p[y]))], grid: true, label, labelArrow: 'none' },
      color: { type: 'identity' },
      marks: [
        Plot.line(steps, { x: 'unit', y, z: 'stage', stroke: 'color', strokeWidth: 1.6 }),
        Plot.dot(steps, { x: 'unit', y, fill: 'color', r: 3 }),
      ],
    });
  return figure({
    title: 'Steps of the representation, and how strong the branches are',
    panelWidth: 440,
    legend: legend(stages.map((s, i) => ({ label: s.name, color: color(i), mark: 'line' as const }))),
    panels: [
      { title: 'Length of each step', body: plot('step', '‖h′ − h‖') },
      { title: 'Largest singular value of each branch', body: plot('top', 'σ₁') },
    ],
    caption: 'Means over images. Equal steps in one direction would be a line of equally spaced representations.',
  });
}

function findings({ stages }: AlignmentResult): Html {
  const times = stages.map((s) => s.offDiagonal.leftRight.mean / s.expected);
  const span = (values: readonly number[], format = (x: number) => typesetNumber(x, 2)) =>
    formatRange(leastOf(values), largestOf(values), format);
  const loose = stages.filter((s) => !s.converged);
  return html`<ul class="findings">
<li><b>${span(times)} ×</b>the level of random subspaces: what one unit writes, against what another one reads (by stage).</li>
<li><b>${span(stages.map((s) => s.offDiagonal.leftLeft.mean / s.expected))} ×</b>for what two units write, and ${span(stages.map((s) => s.offDiagonal.rightRight.mean / s.expected))} × for what they read.</li>
<li><b>${span(stages.map((s) => s.offDiagonal.paired.mean))}</b>of a branch’s action comes back on another branch’s singular vectors, one by one (1: Residual Alignment in full; 0: none).</li>
<li><b>${span(stages.map((s) => s.straightness.mean))}</b>is the straightness of the path of representations; at right angles the same steps would have ${span(stages.map((s) => s.orthogonalStraightness.mean))}.</li>
<li><b>${span(stages.map((s) => s.spacingVariation.mean))}</b>is the variation of the steps’ lengths over their mean: 0 when equally spaced.</li>
${loose.length ? html`<li class="caution"><b>Not converged</b>in ${loose.map((s) => `${s.name} (largest residual ${typesetNumber(s.maxResidual, 2)})`).join(', ')}: some singular vectors are less certain than the others.</li>` : null}
</ul>`;
}

function numbers({ stages, measured }: AlignmentResult): Html {
  const cell = (d: {
    readonly mean: number;
    readonly count: number;
    readonly quantiles: { readonly q05: number; readonly q95: number };
  }) =>
    html`<td>${typesetNumber(d.mean)}${d.count > 1 ? ` (${typesetNumber(d.quantiles.q05, 2)} – ${typesetNumber(d.quantiles.q95, 2)})` : ''}</td>`;
  const gap = (stage: StageSummary) => {
    const gaps = measured.filter((m) => m.name === stage.name).flatMap((m) => m.gaps.flatMap((g) => g ?? []));
    return gaps.length ? typesetNumber(leastOf(gaps), 2) : '–';
  };
  return html`<div class="table names"><table><thead><tr><th>stage</th><th>pairs</th><th>units</th><th>n</th><th>U with V</th><th>U with U</th><th>V with V</th><th>random</th><th>paired</th></tr></thead>
<tbody>${stages.map((s) => {
    const rows = [
      ['all', s.offDiagonal],
      ['neighbours', s.neighbours],
    ] as const;
    return rows.map(
      ([pairs, m]) =>
        html`<tr><td>${s.name}</td><td>${pairs}</td><td>${s.units.length}</td><td>${formatCount(s.size)}</td>${cell(m.leftRight)}${cell(m.leftLeft)}${cell(m.rightRight)}<td>${typesetNumber(s.expected)}</td>${cell(m.paired)}</tr>\n`,
    );
  })}</tbody></table></div>
<div class="table"><table><thead><tr><th>stage</th><th>straightness</th><th>spacing</th><th>turning</th><th>smallest gap</th><th>residual</th></tr></thead>
<tbody>${stages.map((s) => html`<tr><td>${s.name}</td>${cell(s.straightness)}${cell(s.spacingVariation)}${s.turning ? cell(s.turning) : html`<td>–</td>`}<td>${gap(s)}</td><td>${typesetNumber(s.maxResidual, 2)}</td></tr>\n`)}</tbody></table></div>
<p>Straightness, spacing and turning are of the way of the representations through the stage; gap and residual of its singular vectors.</p>`;
}

/** The whole report of `ballast alignment` as one HTML file without scripts that fetches nothing. */
export function renderAlignmentReport(
  result: AlignmentResult,
  { command }: { readonly command?: string } = {},
): string {
  return renderPage({
    title: `Alignment across the depth of ${result.model}`,
    answer: alignmentAnswer(result),
    lede: `Whether the residual branches of a stage read and write the same directions, after Residual Alignment (arXiv 2401.09018).`,
    sections: [
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>images</dt><dd>${result.dataset}: ${seenImages(result)}</dd>
<dt>vectors</dt><dd>top ${formatExact(result.top)} left and right singular vectors of each branch’s Jacobian</dd>
<dt>left out</dt><dd>${result.skipped.length ? `${result.skipped.join(', ')}: no other unit of the stage has that shape` : 'nothing'}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
        ],
      },
      { title: 'What the numbers show', body: [findings(result)] },
      {
        title: 'Singular vectors',
        body: result.stages.map((s) => stageFigure(s, result.images.length)),
      },
      { title: 'Representations', body: [pathFigure(result)] },
      { title: 'All stages', body: [numbers(result)] },
      {
        title: 'What is the paper’s and what is ours',
        body: [
          html`<ul class="notes">
<li><b>From the paper</b> (Li and Papyan, “Residual Alignment: Uncovering the Mechanisms of Residual Networks”, arXiv 2401.09018): representations lie equally spaced on a line; top left and right singular vectors of residual Jacobians align with each other and across depth. The fourth panel follows its picture Uⱼᵀ Jᵢ Vⱼ, summed over the diagonal.</li>
<li><b>Our choice: subspaces.</b> Single vectors mean nothing where singular values lie close together; the first three panels compare the whole top-k subspaces by the root mean square cosine of their canonical angles, against √(k/n) of random ones. A small gap behind the k-th value leaves even the subspace uncertain: the table gives the smallest.</li>
<li><b>Our choice: straightness.</b> The distance from the first representation to the last over the length of the way, beside the same for steps at right angles. Representations are taken as the network has them, the last ReLU of each unit included; the Jacobians are those of the branches alone.</li>
<li><b>Ranges</b> in brackets are the 5 % and 95 % quantiles over images.</li>
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
