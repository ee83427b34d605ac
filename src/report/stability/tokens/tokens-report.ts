import type { EmbeddingGrowth, TokensResult } from '../../../schema/index.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage } from '../../kit/page.ts';
import { colors } from '../../kit/palette.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, typesetNumber } from '../../numbers.ts';
import { againstDepth } from '../against-depth.ts';
import { matrixPanel } from '../branches/matrix-panel.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { perturbationColors } from '../perturbation-colors.ts';
import { tokensAnswer } from './tokens-answer.ts';

function stretches({ maps }: TokensResult): Html {
  const blocks = maps.filter((m) => m.part === 'block');
  const names = [...new Set(blocks.map((m) => m.name))];
  const ends = [
    ['largest singular value, token by itself', 'norm', colors.above],
    ['spectral radius, token by itself', 'radius', colors.below],
    ['departure from normality', 'departure', colors.plateau],
  ] as const;
  const points = blocks.flatMap((m) =>
    m.normality.flatMap((n) =>
      ends.map(([label, end, color]) => ({ label, color, depth: names.indexOf(m.name), value: n[end] })),
    ),
  );
  return againstDepth(names, points, {
    title: 'What a block does to a token',
    ariaLabel: 'Largest singular value, spectral radius and departure from normality of blocks against depth',
    caption:
      'Of the Jacobian of a token behind the block by the same token before it, the identity of the shortcut included. Dots are tokens and positions, lines their means.',
  });
}

function growths(growth: readonly EmbeddingGrowth[], untrained: boolean): Html | null {
  const names = growth[0]?.kinds[0]?.places.map((p) => p.name) ?? [];
  if (names.length === 0) return null;
  const points = growth.flatMap((g) =>
    g.kinds.flatMap(({ kind, places }) =>
      places.map((p, depth) => ({ label: kind, color: perturbationColors[kind], depth, value: p.growth })),
    ),
  );
  const what = '‖d‖ / ‖d₀‖ behind each block, all perturbations of one length at the embeddings:';
  const directed = growth[0]!.kinds.some((k) => k.kind === 'directed');
  const others = `Gaussian noise, ${directed ? '' : 'and '}the first with its numbers at other places${directed ? ', and noise that goes as far along the gradient of the loss as the first' : ''}.`;
  return againstDepth(names, points, {
    title: untrained ? 'Control: the same architecture untrained' : 'Growth of perturbed embeddings',
    ariaLabel: `Growth of perturbations of the embeddings against depth${untrained ? ', in the untrained network' : ''}`,
    caption: untrained
      ? `${what} one that raises the loss against the network’s own answers, ${others}`
      : `${what} one that raises the loss, ${others}`,
  });
}

function couplings({ coupling, top }: TokensResult): Html | null {
  const [first] = coupling;
  if (!first || first.blocks.length < 2) return null;
  return figure({
    title: 'Coupling across depth',
    panelWidth: 240,
    compact: true,
    legend: legend([{ label: '0 (faint: the same vectors) to 1 (full)', color: colors.belowDeep }]),
    panels: coupling.slice(0, 8).map((c) =>
      matrixPanel(
        `token ${c.token} at ${c.at}`,
        c.values,
        c.blocks.map((_, i) => String(i)),
      ),
    ),
    caption: html`m<sub>K</sub>(Jᵢ, Jⱼ) with K = ${top}: what is left of block i’s leading singular values on the leading vectors of block j, relative to them; the identity of the shortcut is left out.${
      coupling.length > 8 ? ` ${formatCount(coupling.length - 8)} more are in the result.` : ''
    }`,
  });
}

function numbers({ maps }: TokensResult): Html {
  return html`<div class="table"><table><thead><tr><th>map</th><th>part</th><th>at</th><th>T</th><th>d</th><th>σ₁ of all tokens</th><th>from</th><th>to</th><th>σ₁</th><th>‖J‖</th><th>max |λ|</th><th>departure</th><th>residual</th></tr></thead>
<tbody>${maps.flatMap((m) =>
    m.pairs.map((p) => {
      const own = p.from === p.to ? m.normality.find((n) => n.token === p.from) : undefined;
      const cell = (x: number | undefined) => (x === undefined ? '–' : typesetNumber(x));
      return html`<tr><td>${m.name}</td><td>${m.part}</td><td>${m.at}</td><td>${formatCount(m.tokens)}</td><td>${formatCount(m.width)}</td><td>${cell(m.singularValues[0])}</td><td>${p.from}</td><td>${p.to}</td><td>${cell(p.singularValues[0])}</td><td>${cell(p.frobenius ?? undefined)}</td><td>${cell(own?.radius)}</td><td>${cell(own?.departure)}</td><td>${typesetNumber(m.residual, 2)}</td></tr>\n`;
    }),
  )}</tbody></table></div>`;
}

/** The whole report of `ballast tokens` as one HTML file without scripts that fetches nothing. */
export function renderTokensReport(result: TokensResult, { command }: { readonly command?: string } = {}): string {
  const positions = new Set(result.maps.map((m) => m.at)).size;
  return renderPage({
    title: `Blocks and tokens of ${result.model}`,
    answer: tokensAnswer(result),
    lede: 'Jacobians of the blocks of a transformer, token by token, and what becomes of perturbed embeddings.',
    sections: [
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, ${formatCount(positions)} position${positions === 1 ? '' : 's'}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
        ],
      },
      {
        title: 'Across depth',
        body: [
          stretches(result),
          couplings(result),
          growths(result.growth, false),
          growths(result.untrained?.growth ?? [], true),
        ].filter((f) => f !== null),
      },
      { title: 'All maps', body: [numbers(result)] },
      {
        title: 'How to read this',
        body: [
          html`<ul class="notes">
<li><b>No plateau here.</b> That most singular values of a convolutional unit are exactly 1 is a theorem about a last ReLU followed by affine operators. Attention, GELU and normalization have no such rank bound: values near 1 are a finding, not a fact of algebra.</li>
<li><b>Coupling</b> is that of Aubry, Meng, Sugolov and Papyan (arXiv 2407.07810), on Jacobians of x + F(x) without the identity. It is measured where blocks are additive (pre-norm).</li>
<li><b>Departure from normality</b> is Henrici’s: eigenvalues alone say what happens when a map is applied again and again, and a map far from normal may still amplify at first.</li>
${result.unmeasured.map(({ name, because }) => html`<li><b>Not measured: ${name}.</b> ${because}.</li>`)}
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
