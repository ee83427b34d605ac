import {
  type InterventionResult,
  relativeDifference,
  type ScaledNetwork,
  type ScaledSpectrum,
} from '../../../stability/index.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage, type Section } from '../../kit/page.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatPercent, formatRange, typesetNumber } from '../../numbers.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { interventionAnswer } from '../stability-answers.ts';
import { curvesFigure, sweepFigure } from './intervention-figures.ts';
import { interventionGrowthFigure } from './intervention-growth-figure.ts';
import { distinctNetworks, listed } from './intervention-table.ts';

export interface InterventionReportOptions {
  /** The command line that made the result, so that a reader can repeat it. */
  readonly command?: string;
}

const orDash = <T>(value: T | null, format: (value: T) => string): string => (value === null ? '–' : format(value));
const scalesOf = ({ skipScale, weightScale }: ScaledNetwork) =>
  `a = ${formatExact(skipScale)}, c = ${formatExact(weightScale)}`;

function facts(result: InterventionResult): Html {
  const values = (key: 'skipScale' | 'weightScale') =>
    [...new Set(result.scales.map((s) => s[key]))].map(formatExact).join(', ');
  const images = result.images.map(({ index, label }) => `${index} (${result.classes[label] ?? `class ${label}`})`);
  const { evaluated } = result.unchanged;
  const methods = [...new Set(result.scales.flatMap((s) => s.units.map((u) => u.method)))];
  return html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, test set; ${formatCount(evaluated)} images for the accuracy</dd>
<dt>changed</dt><dd>${listed(result.changed, 8)}: y = a·Sx + c·F(x)</dd>
<dt>skip scales a</dt><dd>${values('skipScale')}</dd>
<dt>weight scales c</dt><dd>${values('weightScale')}</dd>
<dt>linearized</dt><dd>${result.measured.length === 0 ? 'nothing' : html`${listed(result.measured, 8)} at image ${listed(images, 8)}, final ReLU ${result.finalRelu ? 'in' : 'out'} (our choice); method ${methods.join(', ')}`}</dd>
<dt>operating point</dt><dd>${
    result.operatingPoint === 'frozen'
      ? 'frozen: each unit is linearized where the unchanged network puts it'
      : 'recomputed: each unit is linearized where the changed network puts it'
  }</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`;
}

interface Finding {
  readonly value: string;
  readonly sentence: string;
}

function accuracyFinding({ unchanged, scales }: InterventionResult): Finding[] {
  const worst = scales.reduce((a, b) => (b.accuracy < a.accuracy ? b : a));
  const percent = (n: ScaledNetwork) => `${(100 * n.accuracy).toFixed(1)} %`;
  if (worst.accuracy >= unchanged.accuracy)
    return [
      { value: percent(worst), sentence: `accuracy at least, ${percent(unchanged)} unchanged: no scale costs any.` },
    ];
  return [
    {
      value: percent(worst),
      sentence: `accuracy at ${scalesOf(worst)}, the lowest; unchanged it is ${percent(unchanged)}.`,
    },
  ];
}

function plateauFinding(result: InterventionResult): Finding[] {
  const spectra = result.scales.flatMap((s) => s.units).filter((u) => u.plateau && u.bound !== null);
  if (spectra.length === 0) return [];
  const kept = spectra.filter((u) => u.plateau!.count >= u.bound!).length;
  return [
    {
      value: `${kept} of ${spectra.length}`,
      sentence: `spectra have at least as many values at |a| as the rank of the branch demands (n − 2k; n − k at a = 0): the plateau moves with the skip connection. That is linear algebra; how wide it is, is measured.`,
    },
  ];
}

/** What another image changes, against what the scales change: F2 and F3 of the paper. */
function changeFinding({ unchanged, scales, images, measured }: InterventionResult): Finding[] {
  const changes = scales.flatMap((s) =>
    s.units.flatMap((u) => (u.change === null ? [] : [{ s, u, change: u.change }])),
  );
  if (changes.length === 0) return [];
  const most = changes.reduce((a, b) => (b.change > a.change ? b : a));
  const between = measured.flatMap((name) => {
    const spectra = unchanged.units.filter((u) => u.name === name && u.complete);
    return spectra.flatMap((u, i) =>
      spectra.slice(i + 1).map((v) => relativeDifference(u.singularValues, v.singularValues)),
    );
  });
  return [
    {
      value: formatPercent(most.change),
      sentence: `the largest change of a spectrum: ${most.u.name} at ${scalesOf(most.s)}. ${
        between.length
          ? `Between the ${images.length} images the spectra of the unchanged units differ by ${formatRange(Math.min(...between), Math.max(...between), formatPercent)}.`
          : 'With several images it can be compared with how much images differ.'
      }`,
    },
  ];
}

const heads = [
  'a',
  'c',
  'accuracy',
  'loss',
  'unit',
  'image',
  'outputs × inputs',
  'k',
  'bound',
  'plateau',
  'at plateau',
  'above',
  'below',
  'zero',
  'σ max',
  'σ min',
  'change',
  'tolerance',
  'residual',
];

function cellsOf(u: ScaledSpectrum): string[] {
  return [
    u.name,
    String(u.image),
    `${formatCount(u.shape[0])} × ${formatCount(u.shape[1])}`,
    orDash(u.activeHidden, formatCount),
    orDash(u.bound, formatCount),
    orDash(u.plateau, (p) => formatExact(p.value)),
    orDash(u.plateau, (p) => formatCount(p.count)),
    orDash(u.above, formatCount),
    orDash(u.below, formatCount),
    orDash(u.zero, formatCount),
    orDash(u.max, (x) => typesetNumber(x, 4)),
    orDash(u.min, (x) => typesetNumber(x, 3)),
    orDash(u.change, formatPercent),
    typesetNumber(u.tolerance, 2),
    typesetNumber(u.maxResidual, 2),
  ];
}

function table(result: InterventionResult): Html {
  const measured = result.measured.length > 0;
  const shown = measured ? heads : heads.slice(0, 4);
  const rows = distinctNetworks(result).flatMap((network) => {
    const own = [
      formatExact(network.skipScale),
      formatExact(network.weightScale),
      `${(100 * network.accuracy).toFixed(2)} %`,
      orDash(network.loss, (x) => typesetNumber(x, 4)),
    ];
    return measured ? network.units.map((u) => [...own, ...cellsOf(u)]) : [own];
  });
  return html`<div class="table${measured ? '' : ' narrow'}"><table><thead><tr>${shown.map((h) => html`<th>${h}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((text) => html`<td>${text}</td>`)}</tr>\n`)}</tbody></table></div>`;
}

function notes(result: InterventionResult): Html {
  return html`<ul class="notes">
<li><b>From the paper</b> (Rothauge, Yao, Hu and Mahoney, arXiv 1905.13386): changing the scaling of the skip connection, or the values of the weights, of a trained network, and that this changes the distribution of the singular values strongly.</li>
<li><b>Our choice: which scales and units, and what “weights” means.</b> c multiplies the whole output of the branch, the shift of its last batch norm included. No weight is trained again.</li>
<li><b>Our choice: the operating point.</b> Frozen activations separate what the scale does to a linear map from what other activations do; recomputed ones show the unit as it is in the changed network. A unit’s own inner activations do not depend on its own scales, so for a single changed unit both are the same there.</li>
<li><b>Our choice: final ReLU ${result.finalRelu ? 'in' : 'out'}, tolerance, counting.</b> A value is at the plateau, or at zero, within the tolerance of its row. At a = 0 the plateau is at zero: its values are counted there and not as below.</li>
</ul>`;
}

/** The report of `ballast intervene` as one HTML file without scripts that fetches nothing. */
export function renderInterventionReport(result: InterventionResult, options: InterventionReportOptions = {}): string {
  const findings = [...accuracyFinding(result), ...plateauFinding(result), ...changeFinding(result)];
  const figures = [sweepFigure(result), curvesFigure(result), interventionGrowthFigure(result)].filter(
    (f) => f !== null,
  );
  const sections: Section[] = [
    { title: 'What was measured', body: [facts(result)] },
    {
      title: 'What the numbers show',
      body: [html`<ul class="findings">${findings.map((f) => html`<li><b>${f.value}</b>${f.sentence}</li>\n`)}</ul>`],
    },
    { title: 'Before and after', body: figures },
    { title: 'All numbers', body: [table(result)] },
    { title: 'What is the paper’s and what is ours', body: [notes(result)] },
  ];
  return renderPage({
    title: `Interventions on ${result.model}`,
    answer: interventionAnswer(result),
    lede: `Singular values of residual units y = a·Sx + c·F(x) and the accuracy of the network, by the scales a and c.`,
    sections: sections.filter((s) => s.body.length > 0),
    footer: reportFooter(result.environment, options.command),
  });
}
