import * as Plot from '@observablehq/plot';
import type { BlockSpectrum, SpectrumResult } from '../../../stability/index.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { type LogAxis, logAxis, logTicks } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { formatCount, formatExact, typesetNumber } from '../../numbers.ts';
import { imageName } from './spectrum-rows.ts';

const most = 100;

/** The first singular values of a few blocks against their rank, log scale; null when none has a value. */
function topOfSpectra(blocks: readonly BlockSpectrum[], ariaLabel: string): { body: Html; legend: Html } | null {
  const shown = blocks.filter((b) => b.singularValues.length > 0);
  if (shown.length === 0) return null;
  const tops = shown.map((b) => b.singularValues.slice(0, most).filter((s) => s > 0));
  const axis = logAxis(
    tops.map((values) => ({ values, zeros: 0 })),
    1,
  );
  const color = (i: number) => depthColor(shown.length === 1 ? 0 : i / (shown.length - 1));
  const longest = Math.max(...tops.map((t) => t.length));
  return {
    body: draw({
      ariaLabel,
      width: 536,
      height: 290,
      marginLeft: 46,
      marginRight: 10,
      marginTop: 20,
      marginBottom: 40,
      x: {
        domain: [0.5, longest + 0.5],
        ticks: Math.min(longest, 10),
        tickFormat: (r: number) => (Number.isInteger(r) && r > 0 ? String(r) : ''),
        label: 'rank of the singular value',
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: logScale(axis),
      marks: [
        ...logAxisMarks(axis, 'singular value σ'),
        Plot.ruleY([1], { stroke: colors.ink, strokeDasharray: '2,4' }),
        ...tops.flatMap((values, i) => {
          const data = values.map((y, j) => ({ x: j + 1, y: axis.place(y, false) }));
          return [
            Plot.line(data, { x: 'x', y: 'y', stroke: color(i), strokeWidth: 1.5 }),
            Plot.dot(data, { x: 'x', y: 'y', fill: color(i), r: longest > 40 ? 1.6 : 2.6 }),
          ];
        }),
      ],
    }),
    legend: legend(shown.map((b, i) => ({ label: b.name, color: color(i), mark: 'line' as const }))),
  };
}

/** Leading values of the units whose spectra are not complete, at the first image. */
export function leadingFigure(result: SpectrumResult): Html | null {
  const [image] = result.images;
  const blocks = (image?.units ?? []).filter((u) => !u.complete);
  const top = topOfSpectra(blocks, 'Leading singular values of the units');
  if (!image || !top) return null;
  const counts = blocks.map((b) => b.singularValues.length);
  const [few, many] = [Math.min(...counts), Math.max(...counts)];
  return figure({
    title: 'Leading singular values of incomplete spectra',
    panelWidth: 440,
    panels: [top],
    caption: html`The leading ${few === many ? few : `${few} to ${many}`} values of ${blocks.length} unit${blocks.length === 1 ? '' : 's'} at ${imageName(result, image)},
${many > most ? `the first ${most} of them drawn` : 'all of them drawn'}. The rest of these spectra was not computed or did not converge: nothing is said about it, and no plateau is counted.`,
  });
}

/** Top of the stages' spectra, and their norms against the products of their units' norms; null without stages. */
export function stageFigure(result: SpectrumResult): Html | null {
  const [image] = result.images;
  if (!image || image.stages.length === 0) return null;
  const top = topOfSpectra(image.stages, 'Leading singular values of the stages');
  if (!top) return null;
  const measured = 'largest singular value of the stage';
  const product = 'product of its units’ largest';
  const bars = result.images.flatMap((im) =>
    im.stages.flatMap((s) => [
      ...(s.singularValues.length
        ? [{ stage: s.name, kind: measured, value: s.singularValues[0]!, image: im.index }]
        : []),
      ...(s.productOfUnitNorms === null
        ? []
        : [{ stage: s.name, kind: product, value: s.productOfUnitNorms, image: im.index }]),
    ]),
  );
  const first = bars.filter((b) => b.image === image.index);
  const others = bars.filter((b) => b.image !== image.index);
  const values = bars.map((b) => b.value);
  const domain = [Math.min(1, ...values) / 1.2, Math.max(10, ...values) * 2.2] as const;
  const axis: Pick<LogAxis, 'domain' | 'ticks' | 'format'> = {
    domain,
    ticks: logTicks(...domain, 7),
    format: (t) => (t >= 1e4 ? typesetNumber(t, 1).replace(/^1×/, '') : formatExact(t)),
  };
  const kinds = [measured, product].filter((k) => bars.some((b) => b.kind === k));
  const norms = draw({
    ariaLabel: 'Norm of each stage against the product of the norms of its units',
    width: 536,
    height: 290,
    marginLeft: 46,
    marginRight: 10,
    marginTop: 20,
    marginBottom: 40,
    fx: { domain: image.stages.map((s) => s.name), label: null, axis: 'bottom', padding: 0.18 },
    x: { domain: kinds, axis: null, padding: 0.12 },
    y: logScale(axis),
    color: { domain: [measured, product], range: [colors.above, colors.plateau] },
    marks: [
      ...logAxisMarks(axis, 'amplification'),
      Plot.barY(first, { fx: 'stage', x: 'kind', y1: 1, y2: 'value', fill: 'kind' }),
      Plot.dot(others, { fx: 'stage', x: 'kind', y: 'value', fill: colors.ink, r: 2.4 }),
      Plot.text(first, {
        fx: 'stage',
        x: 'kind',
        y: (b: { stage: string; kind: string }) =>
          Math.max(...bars.filter((o) => o.stage === b.stage && o.kind === b.kind).map((o) => o.value)),
        text: (b: { value: number }) => typesetNumber(b.value, 2),
        dy: -10,
        fontWeight: 600,
      }),
      Plot.ruleY([1]),
    ],
  });
  const incomplete = image.stages.filter((s) => !s.complete);
  return figure({
    title: 'Stages: the top of the spectrum, and the norm against the product of unit norms',
    panelWidth: 440,
    panels: [
      { title: 'Top of the spectrum', ...top },
      {
        title: 'Norm of the stage and product of its units’ norms',
        body: norms,
        legend: legend([
          { label: measured, color: colors.above },
          ...(kinds.includes(product) ? [{ label: product, color: colors.plateau }] : []),
          ...(others.length ? [{ label: 'the other images', color: colors.ink, mark: 'dot' as const }] : []),
        ]),
      },
    ],
    caption: html`${image.stages.length} stage${image.stages.length === 1 ? '' : 's'} at ${imageName(result, image)}.
${incomplete.length ? `Leading values only for ${incomplete.map((s) => `${s.name} (${s.singularValues.length} of ${formatCount(Math.min(...s.shape))})`).join(', ')}.` : 'All values are known; the first are drawn.'}
The product of the units’ largest singular values is an upper bound of the stage’s; it is reached only if their singular vectors line up.
${kinds.includes(product) ? '' : 'The product is not shown: the units were not all measured.'}`,
  });
}
