import type { PerturbationPixels, ReproductionResult } from '../../../stability/index.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage, type Section } from '../../kit/page.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatDuration } from '../../numbers.ts';
import { curvesFigure, sweepFigure } from '../intervention/intervention-figures.ts';
import { interventionGrowthFigure } from '../intervention/intervention-growth-figure.ts';
import { listed } from '../intervention/intervention-table.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { attackTable, onSingularVectors, pictures, throughNetwork } from '../perturbation/perturbation-report.ts';
import { formatRadius, kindsIn } from '../perturbation/perturbation-text.ts';
import { activeUnitsFigure } from '../spectrum/active-units-figure.ts';
import { countsFigure } from '../spectrum/depth-figures.ts';
import { spectraFigure } from '../spectrum/spectra-figure.ts';
import { glossary } from '../spectrum/spectrum-notes.ts';
import { unitRows } from '../spectrum/spectrum-rows.ts';
import { spreadFigures } from '../spectrum/spread-figure.ts';
import { stageFigure } from '../spectrum/stage-figures.ts';
import { reproductionAnswer } from '../stability-answers.ts';
import { type PaperFinding, paperFindings } from './reproduction-findings.ts';

export interface ReproductionReportOptions {
  readonly pixels: readonly PerturbationPixels[];
  /** Channels, height, width. */
  readonly shape: readonly number[];
  readonly command?: string;
}

function facts(result: ReproductionResult): Html {
  const { spectra, perturbations: p, interventions } = result;
  const units = spectra.images[0]?.units.map((u) => u.name) ?? [];
  const once = units.filter((_, i) => spectra.images.some((image) => !image.units[i]!.complete));
  const alone = [...new Set(interventions.filter((i) => i.changed.length === 1).flatMap((i) => i.changed))];
  return html`<dl class="facts">
<dt>network</dt><dd>${result.model}, ${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, test set; ${result.images.length} images are perturbed, ${spectra.images.length} of them have complete spectra</dd>
<dt>complete spectra</dt><dd>${listed(units, 30)} (those that were asked for, or else the cheapest ones)${once.length ? `, of ${listed(once, 30)} at the first image alone` : ''}; stages by their leading values; final ReLU ${spectra.finalRelu ? 'in' : 'out'} (our choice)</dd>
<dt>interventions</dt><dd>${alone.length > 0 ? `${alone.join(', ')}, each alone with frozen activations, ` : ''}all units together with recomputed ones</dd>
<dt>attack</dt><dd>PGD, linf radius ${formatRadius(p.attack.eps)}, ${String(p.settings.steps)} steps of a quarter of it; controls of the same Euclidean norm: Gaussian noise, shuffled pixels${kindsIn(p).includes('directed') ? ', noise with the component along the gradient of the margin' : ''}${p.untrained ? ', an untrained network' : ''}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`;
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

function findingList(findings: readonly PaperFinding[]): Html {
  return html`<ul class="findings long">${findings.map(
    (f) =>
      html`<li${f.verdict === 'disagrees' ? html` class="caution"` : ''}><b>${f.name}: ${f.verdict}</b><i>${f.statement}</i><p>${sentence(f.reason)}</p>${f.evidence.map(
        (e) => html`<p>${e}</p>`,
      )}</li>\n`,
  )}</ul>`;
}

function rules(findings: readonly PaperFinding[]): Html {
  return html`<ul class="notes">
<li><b>From the paper</b> (Rothauge, Yao, Hu and Mahoney, arXiv 1905.13386): the five findings, as far as public sources tell them.</li>
${findings.map((f) => html`<li><b>${f.name}, how the verdict was reached (our rule).</b> ${f.rule}</li>\n`)}
<li><b>Our choice</b>: final ReLU, scales, attack, radius, controls, images, norms; where complete spectra are taken; how energies are found (docs/perturbations.md).</li>
</ul>`;
}

/** The report of `ballast reproduce stability`: all figures of the paper on one page, without scripts, nothing fetched. */
export function renderReproductionReport(result: ReproductionResult, options: ReproductionReportOptions): string {
  const { spectra, interventions, perturbations } = result;
  const rows = unitRows(spectra);
  const findings = paperFindings(result);
  const present = (parts: readonly (Html | null)[]): Html[] => parts.filter((p) => p !== null);
  const followed = perturbations.followed > 0;
  const sections: Section[] = [
    { title: 'The paper’s findings on this network', body: [findingList(findings)] },
    { title: 'What was measured', body: [facts(result)] },
    {
      title: 'F1: most singular values are 1',
      body: present([
        activeUnitsFigure(result.active),
        spectraFigure(spectra, rows),
        countsFigure(spectra, rows),
        stageFigure(spectra),
      ]),
    },
    { title: 'F2: little difference between images', body: spreadFigures(spectra, rows) },
    {
      title: 'F3: other scales, other spectra',
      body: interventions.flatMap((i) => present([sweepFigure(i), curvesFigure(i), interventionGrowthFigure(i)])),
    },
    {
      title: 'F4: adversarial and random perturbations through the network',
      body: present([
        attackTable(perturbations),
        pictures(perturbations, options),
        ...(followed
          ? throughNetwork(perturbations)
          : [html`<p>No perturbation was found, so there is none to follow.</p>`]),
      ]),
    },
    {
      title: 'F5: perturbations on singular vectors',
      body: onSingularVectors(perturbations),
    },
    { title: 'Terms', body: [glossary()] },
    { title: 'What is the paper’s and what is ours', body: [rules(findings)] },
  ];
  return renderPage({
    title: `Stability of ${result.model}, after Rothauge et al.`,
    answer: reproductionAnswer(result),
    lede: `The five findings of “Residual Networks as Nonlinear Systems: Stability Analysis using Linearization”, measured again on ${result.model} at ${result.images.length} images of ${result.dataset}.`,
    sections: sections.filter((s) => s.body.length > 0),
    footer: reportFooter(result.environment, options.command),
  });
}
