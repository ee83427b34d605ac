import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../../base/statistics.ts';
import type { BranchEigenvalues, EigenvaluesResult } from '../../../stability/index.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend, type Panel } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage } from '../../kit/page.ts';
import { colors } from '../../kit/palette.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatPercent, formatRange, typesetNumber } from '../../numbers.ts';
import { againstDepth } from '../against-depth.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { seenImages } from '../seen-images.ts';
import { eigenvaluesAnswer } from '../stability-answers.ts';

const side = 262;

const circle = Array.from({ length: 181 }, (_, i) => ({
  x: Math.cos((Math.PI * i) / 90),
  y: Math.sin((Math.PI * i) / 90),
}));

/** Eigenvalues a + μ of one unit in the complex plane, with the unit circle. */
function plane({ name, skipScale, eigenvalues, zeros, complete }: BranchEigenvalues): Panel {
  const points = eigenvalues.map(([re, im]) => ({
    x: skipScale + re,
    y: im,
    outside: Math.hypot(skipScale + re, im) > 1,
  }));
  const reach = Math.max(1.1, ...points.map((p) => Math.max(Math.abs(p.x), Math.abs(p.y)))) * 1.04;
  return {
    title: `${name}${complete ? '' : ' (leading ones)'}`,
    body: draw({
      ariaLabel: `Eigenvalues of ${name} in the complex plane`,
      width: side,
      height: side,
      marginLeft: 30,
      marginRight: 6,
      marginTop: 6,
      marginBottom: 24,
      x: { domain: [-reach, reach], ticks: 5, tickFormat: formatExact, label: null },
      y: { domain: [-reach, reach], ticks: 5, tickFormat: formatExact, label: null },
      marks: [
        Plot.gridX([0], { stroke: 'currentColor', strokeOpacity: 0.12 }),
        Plot.gridY([0], { stroke: 'currentColor', strokeOpacity: 0.12 }),
        Plot.line(circle, { x: 'x', y: 'y', stroke: colors.ink }),
        Plot.dot(points, {
          x: 'x',
          y: 'y',
          r: points.length > 200 ? 1.4 : 2.2,
          fill: (p: { outside: boolean }) => (p.outside ? colors.above : colors.below),
          fillOpacity: points.length > 200 ? 0.55 : 0.85,
        }),
        ...(zeros
          ? [Plot.dot([{ x: skipScale, y: 0 }], { x: 'x', y: 'y', r: 5, symbol: 'diamond', fill: colors.active })]
          : []),
      ],
      color: { type: 'identity' },
    }),
  };
}

function planesFigure(result: EigenvaluesResult): Html {
  const [image] = result.images;
  const shown = result.branches.filter((b) => b.image === image!.index);
  return figure({
    title: 'Eigenvalues of the units in the complex plane',
    panelWidth: 240,
    compact: true,
    legend: legend([
      { label: 'inside of the unit circle', color: colors.below, mark: 'dot' },
      { label: 'outside', color: colors.above, mark: 'dot' },
      { label: 'unit circle', color: colors.ink, mark: 'line' },
      { label: 'a, once for every direction that the branch does not see (n − k of them)', color: colors.active },
    ]),
    panels: shown.map(plane),
    caption: html`Eigenvalues a + μ of J = a I + J_F at image ${image!.index}, the last ReLU left out; real part to the right, each panel with axes of its own.
${formatCount(shown.reduce((n, b) => n + b.eigenvalues.length, 0))} eigenvalues drawn. Panels with leading ones show no bulk: what is empty there was not computed.`,
  });
}

const shownEnds = [
  ['largest |a + μ|, the unit', 'unitRadius', colors.above],
  ['largest |μ|, the branch', 'radius', colors.below],
  ['largest singular value of the branch', 'norm', colors.plateau],
] as const;

/** Radii and norm against depth, a line through the means over images. */
function depthFigure(result: EigenvaluesResult): Html {
  const names = [...new Set(result.branches.map((b) => b.name))];
  const points = shownEnds.flatMap(([label, end, color]) =>
    result.branches.flatMap((b) =>
      b[end] === null ? [] : [{ label, color, depth: names.indexOf(b.name), value: b[end] }],
    ),
  );
  return againstDepth(names, points, {
    title: 'Spectral radii and norm across depth',
    ariaLabel: 'Spectral radius of unit and branch, and norm of the branch, against depth',
    caption: `Dots are ${formatCount(result.images.length)} image${result.images.length === 1 ? '' : 's'}, lines their means. The gap between the branch’s norm and its radius is how far from normal it is: what grows in one unit need not grow in powers of it.`,
  });
}

function findings({ branches, skipped }: EigenvaluesResult): Html {
  const range = (values: readonly number[], format: (x: number) => string = (x) => typesetNumber(x)) =>
    formatRange(leastOf(values), largestOf(values), format);
  const radii = branches.flatMap((b) => b.radius ?? []);
  const units = branches.flatMap((b) => b.unitRadius ?? []);
  const shares = branches.flatMap((b) => (b.circle ? [b.circle.outside / b.size] : []));
  const ratios = branches.flatMap((b) => (b.norm !== null && b.radius ? [b.norm / b.radius] : []));
  const reals = branches.flatMap((b) => (b.maxReal === null ? [] : [b.maxReal]));
  return html`<ul class="findings">
${radii.length ? html`<li><b>${range(radii)}</b>is the spectral radius of the branches, max |μ|.</li>` : null}
${units.length ? html`<li><b>${range(units)}</b>is that of the units, max |a + μ|: ${units.filter((r) => r > 1 + 1e-5).length} of ${units.length} would amplify some direction when applied again and again.</li>` : null}
${reals.length ? html`<li><b>${range(reals)}</b>is the largest real part of μ.</li>` : null}
${shares.length ? html`<li><b>${range(shares, formatPercent)}</b>of a unit’s eigenvalues lie outside of the unit circle (where all are known).</li>` : null}
${ratios.length ? html`<li><b>${range(ratios)}</b>is the norm of a branch over its spectral radius: 1 for a normal map.</li>` : null}
${skipped.length ? html`<li class="caution"><b>Left out</b>${skipped.join(', ')}: the shortcut is not the identity, so that powers of the Jacobian mean nothing.</li>` : null}
</ul>`;
}

function numbers({ branches }: EigenvaluesResult): Html {
  const orDash = (x: number | null, format: (x: number) => string = (v) => typesetNumber(v)) =>
    x === null ? '–' : format(x);
  return html`<div class="table"><table><thead><tr><th>unit</th><th>image</th><th>n</th><th>a</th><th>active k</th><th>method</th><th>found</th><th>max |μ|</th><th>min Re μ</th><th>max Re μ</th><th>norm</th><th>max |a + μ|</th><th>outside</th><th>on</th><th>inside</th><th>residual</th><th>time</th></tr></thead>
<tbody>${branches.map(
    (b) =>
      html`<tr${b.complete ? null : html` class="incomplete"`}><td>${b.name}</td><td>${b.image}</td><td>${formatCount(b.size)}</td><td>${formatExact(b.skipScale)}</td><td>${orDash(b.activeHidden, formatCount)}</td><td>${b.method}</td><td>${formatCount(b.eigenvalues.length)}</td><td>${orDash(b.radius)}</td><td>${orDash(b.minReal)}</td><td>${orDash(b.maxReal)}</td><td>${orDash(b.norm)}</td><td>${orDash(b.unitRadius)}</td><td>${b.circle ? formatCount(b.circle.outside) : '–'}</td><td>${b.circle ? formatCount(b.circle.on) : '–'}</td><td>${b.circle ? formatCount(b.circle.inside) : '–'}</td><td>${typesetNumber(b.maxResidual, 2)}</td><td>${formatDuration(b.seconds)}</td></tr>\n`,
  )}</tbody></table></div>`;
}

/** The whole report of `ballast eigenvalues` as one HTML file without scripts that fetches nothing. */
export function renderEigenvaluesReport(
  result: EigenvaluesResult,
  { command }: { readonly command?: string } = {},
): string {
  return renderPage({
    title: `Branch eigenvalues of ${result.model}`,
    answer: eigenvaluesAnswer(result),
    lede: `Eigenvalues of the Jacobians of residual branches, and what they say of a unit that is applied again and again.`,
    sections: [
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>images</dt><dd>${result.dataset}: ${seenImages(result)}</dd>
<dt>units</dt><dd>${new Set(result.branches.map((b) => b.name)).size} with an identity shortcut, the last ReLU left out</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
        ],
      },
      { title: 'What the numbers show', body: [findings(result)] },
      { title: 'Spectra', body: [planesFigure(result), depthFigure(result)] },
      { title: 'All branches', body: [numbers(result)] },
      {
        title: 'How to read this',
        body: [
          html`<ul class="notes">
<li><b>Exact.</b> With k active inner units the branch is J_F = U V with k columns; its eigenvalues are those of the k × k matrix V U and n − k zeros. They are found by the QR iteration of Francis in float64; the leading ones are checked by eigenvectors, all of them by two traces.</li>
<li><b>Leading ones.</b> Where k is larger, Arnoldi’s method finds the ends of the spectrum from products; each eigenvalue has a true residual, and those that did not converge are not listed.</li>
<li><b>What it says.</b> |a + μ| &gt; 1 means growth when <em>this</em> linearization is iterated: a statement about the unit as a discrete dynamical system at this image. The network applies different units one after another; singular values bound what one unit does, eigenvalues do not.</li>
<li><b>Not normal.</b> Eigenvalues of a map far from normal may move by much more than a residual; the norm beside the radius shows how far.</li>
<li><b>Our choice.</b> None of this is in the paper on stability (arXiv 1905.13386), which uses singular values.</li>
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
