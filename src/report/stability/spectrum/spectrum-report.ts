import { BallastError } from '../../../base/errors.ts';
import type { ImageSpectra, SpectrumResult } from '../../../stability/index.ts';
import { heatMapFigure } from '../../kit/heat-map-figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage, type Section } from '../../kit/page.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration } from '../../numbers.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { spectrumAnswer } from '../stability-answers.ts';
import { countsFigure, depthFigure } from './depth-figures.ts';
import { spectraFigure } from './spectra-figure.ts';
import { spectrumFindings } from './spectrum-findings.ts';
import { glossary, protocolNotes } from './spectrum-notes.ts';
import { numbersTables } from './spectrum-numbers.ts';
import { blocksOf, unitRows } from './spectrum-rows.ts';
import { spreadFigures } from './spread-figure.ts';
import { leadingFigure, stageFigure } from './stage-figures.ts';

export interface SpectrumReportOptions {
  /** Pictures of the images, by their index in the test file: `data:image/png;base64,...` (see pngDataUrl). */
  readonly images?: readonly { readonly index: number; readonly pngDataUrl: string }[];
  /** The command line that made the result, so that a reader can repeat it. */
  readonly command?: string;
}

/** Probability that the network gives its own prediction. */
function confidence({ logits, predicted }: ImageSpectra): number | null {
  if (logits.length === 0 || logits[predicted] === undefined) return null;
  const max = Math.max(...logits);
  return Math.exp(logits[predicted] - max) / logits.reduce((s, z) => s + Math.exp(z - max), 0);
}

function pictureList(result: SpectrumResult, options: SpectrumReportOptions): Html {
  const className = (c: number) => result.classes[c] ?? `class ${c}`;
  return html`<ul class="pictures">${result.images.map((image) => {
    const url = options.images?.find((p) => p.index === image.index)?.pngDataUrl;
    if (url !== undefined && !/^data:image\/png;base64,[A-Za-z0-9+/=]*$/.test(url)) {
      throw new BallastError(`report: the picture of image ${image.index} is not a base64 PNG data URL`);
    }
    const p = confidence(image);
    const right = image.predicted === image.label;
    return html`<li>${url ? html`<img src="${url}" alt="image ${image.index}">` : null}<span><b>image ${image.index}</b>${className(image.label)}, ${
      right ? 'predicted so' : html`<span class="wrong">predicted ${className(image.predicted)}</span>`
    }${p === null ? '' : html`<br>softmax ${p > 0.9995 ? '> 99.9 %' : `${(100 * p).toFixed(1)} %`}`}</span></li>`;
  })}</ul>`;
}

function measuredSection(result: SpectrumResult, options: SpectrumReportOptions): Html[] {
  const first = result.images[0];
  const relu = result.finalRelu ? 'in' : 'out';
  const methods = [...new Set(result.images.flatMap(blocksOf).map((b) => b.method))];
  const units = result.images.flatMap((i) => i.units);
  const values = result.images.flatMap(blocksOf).reduce((s, b) => s + b.singularValues.length, 0);
  const blocks = [
    ...(first?.units.length ? [`${first.units.length} unit${first.units.length === 1 ? '' : 's'}`] : []),
    ...(first?.stages.length ? [`${first.stages.length} stage${first.stages.length === 1 ? '' : 's'}`] : []),
    ...(first?.network ? ['the whole network from its input to its logits'] : []),
  ];
  return [
    html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, test set</dd>
<dt>linearized</dt><dd>${blocks.join(' and ') || 'nothing'} at ${result.images.length} image${result.images.length === 1 ? '' : 's'}, final ReLU ${relu} (our choice, see below)</dd>
<dt>singular values</dt><dd>${formatCount(values)}${units.length > 0 && units.every((u) => u.complete) ? ' (all of every unit)' : ''}; method ${methods.join(', ')}; ${formatDuration(result.seconds)} in total</dd>
</dl>`,
    pictureList(result, options),
  ];
}

function lede(result: SpectrumResult): string {
  const n = result.images.length;
  const first = result.images[0];
  const what =
    [
      first?.units.length ? 'residual units' : '',
      first?.stages.length ? 'stages' : '',
      first?.network ? 'whole network' : '',
    ]
      .filter(Boolean)
      .join(' and ') || 'blocks';
  return `Singular values of the linearized ${what}, at ${n} image${n === 1 ? '' : 's'} of ${result.dataset}.`;
}

/**
 * The whole report of `ballast spectrum` as one HTML file without scripts that fetches nothing.
 *
 * @throws BallastError when a picture is not a PNG data URL.
 */
export function renderSpectrumReport(result: SpectrumResult, options: SpectrumReportOptions = {}): string {
  const rows = unitRows(result);
  const present = (parts: readonly (Html | null)[]): Html[] => parts.filter((p) => p !== null);
  const unitFigures = present([
    spectraFigure(result, rows),
    heatMapFigure(result, rows),
    leadingFigure(result),
    depthFigure(result, rows),
    countsFigure(result, rows),
  ]);
  const stageFigures = present([stageFigure(result)]);
  const sections: Section[] = [
    { title: 'What was measured', body: measuredSection(result, options) },
    {
      title: 'What the numbers show',
      body: [
        html`<ul class="findings">${spectrumFindings(result).map(
          (f) => html`<li${f.caution ? html` class="caution"` : ''}><b>${f.value}</b>${f.sentence}</li>\n`,
        )}</ul>`,
      ],
    },
    { title: 'Units', body: unitFigures },
    { title: 'Across images', body: spreadFigures(result, rows) },
    { title: 'Stages', body: stageFigures },
    { title: 'All numbers', body: numbersTables(result) },
    { title: 'Terms', body: [glossary()] },
    { title: 'What is the paper’s and what is ours', body: [protocolNotes(result)] },
  ];
  return renderPage({
    title: `Stability spectrum of ${result.model}`,
    answer: spectrumAnswer(result),
    lede: lede(result),
    sections: sections.filter((s) => s.body.length > 0),
    footer: reportFooter(result.environment, options.command),
  });
}
