import { formatIndices } from '../../base/indices.ts';
import type { StudyStability, TrainedModel, WorkloadStability } from '../../comparison/index.ts';
import { figure, type Panel } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { renderPage } from '../kit/page.ts';
import { batchPanel, type PanelPoint, type StrategyStyles, strategyLegend, strategyStyles } from '../kit/panel.ts';
import { reportFooter } from '../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatPercent, typesetNumber } from '../numbers.ts';
import { fallen, formatEps, leastP, slopeText, stabilityAnswers } from './study-stability-table.ts';

const strategiesOf = ({ models }: WorkloadStability) => [...new Set(models.flatMap((m) => m.strategies))];

type Measure = (model: TrainedModel) => number | null;

/** One line a strategy: the median over seeds at each batch size, with a bar from the least to the largest. */
function panelOf(
  workload: WorkloadStability,
  styles: StrategyStyles,
  title: string,
  yLabel: string,
  of: Measure,
): Panel | null {
  const sizes = [...new Set(workload.models.map((m) => m.batchSize))].sort((a, b) => a - b);
  return batchPanel({
    title,
    ariaLabel: `${title} against batch size`,
    yLabel,
    linear: true,
    sizes,
    height: 270,
    tick: formatExact,
    series: strategiesOf(workload).map((name) => ({
      style: styles.get(name)!,
      points: sizes.flatMap((x): PanelPoint[] => {
        const values = workload.models
          .filter((m) => m.batchSize === x && m.strategies.includes(name))
          .flatMap((m) => of(m) ?? [])
          .sort((a, b) => a - b);
        return values.length ? [{ x, y: values[values.length >> 1]!, low: values[0]!, high: values.at(-1)! }] : [];
      }),
    })),
  });
}

function figuresOf(workload: WorkloadStability, styles: StrategyStyles, eps: readonly number[]): Html[] {
  const panel = (title: string, yLabel: string, of: Measure) => panelOf(workload, styles, title, yLabel, of);
  const first = workload.models[0]!;
  const key = strategyLegend(styles, strategiesOf(workload));
  const made = (title: string, panels: readonly (Panel | null)[], caption: string): Html | null => {
    const drawn = panels.filter((p) => p !== null);
    return drawn.length ? figure({ title, panelWidth: 440, panels: drawn, legend: key, caption }) : null;
  };
  return [
    made(
      `How far the networks have trained, ${workload.name}`,
      [
        panel('training loss in the end', 'loss', (m) => m.trainLoss),
        panel('accuracy on the images that are attacked', 'accuracy', (m) => m.accuracy),
      ],
      'Read everything below beside this: a network that has learnt less is another network.',
    ),
    made(
      `Adversarial robustness, ${workload.name}`,
      [
        panel('distance to the boundary', 'median ‖d‖₂ (DeepFool)', (m) => m.distance),
        ...eps.map((e, i) => panel(`right answers that fall at ${formatEps(e)}`, 'share', (m) => fallen(m, i))),
      ],
      'Distance: larger is more robust. Falling: PGD in linf on the images that are answered correctly; smaller is more robust.',
    ),
    made(
      `Growth of perturbations, ${workload.name}`,
      first.growth.flatMap(({ stage }, i) => [
        panel(`PGD until the end of ${stage}`, 'relative growth', (m) => m.growth[i]?.adversarial ?? null),
        panel(`PGD to random, ${stage}`, 'ratio', (m) => m.growth[i]?.ratio?.value ?? null),
      ]),
      `Relative norm ‖d‖ / ‖x‖ at the end of the stage over that at the image; random: Gaussian noise of the same l2 norm. Radius ${formatEps(eps[0]!)}; medians over images.`,
    ),
    made(
      `Largest singular values, ${workload.name}`,
      first.norms.map(({ name }, i) => panel(name, '‖J‖₂', (m) => m.norms[i]?.norm ?? null)),
      'Of the linearized residual units (and stages, where they are more than one unit), without the last ReLU; means over images.',
    ),
  ].flatMap((f) => f ?? []);
}

function trends(workload: WorkloadStability): Html {
  const p = (x: number | null) => (x === null ? '–' : typesetNumber(x, 2));
  return html`<h3>${workload.name}</h3><div class="table"><table><thead><tr><th>measure</th><th>per doubling of the batch</th><th>of the rate</th><th>of both</th><th>per unit of training loss</th><th>less stable with the batch?</th><th>p (Holm)</th><th>could have been found</th><th>networks</th></tr></thead>
<tbody>${workload.trends.map(
    ({ measure, batch, rate, both, loss, networks }) =>
      html`<tr title="${batch.reason}"><td>${measure}</td><td>${slopeText(batch.effect)}</td><td>${slopeText(rate)}</td><td>${slopeText(both)}</td><td>${slopeText(loss)}</td><td>${batch.outcome === 'cannot tell' ? 'not shown' : batch.outcome}</td><td>${leastP(batch, p, '< 10⁻¹⁵')}</td><td>${p(batch.power?.detectable ?? null)}</td><td>${networks}</td></tr>\n`,
  )}</tbody></table></div>`;
}

function allModels({ workloads, settings: { eps } }: StudyStability): Html {
  const optional = (v: number | null | undefined) => html`<td>${v == null ? '–' : typesetNumber(v)}</td>`;
  const percent = (v: number | null) => html`<td>${v === null ? '–' : formatPercent(v)}</td>`;
  // In two tables, of how far and how robust, and of what grows: one would be wider than a page.
  const table = ({ models }: WorkloadStability, heads: Html, cells: (m: TrainedModel) => Html): Html =>
    html`<div class="table names"><table><thead><tr><th>batch</th><th>strategies</th><th>rate</th><th>seed</th>${heads}</tr></thead>
<tbody>${models.map((m) => html`<tr><td>${formatCount(m.batchSize)}</td><td>${m.strategies.join(', ')}</td><td>${typesetNumber(m.learningRate)}</td><td>${m.seed}</td>${cells(m)}</tr>\n`)}</tbody></table></div>`;
  return html`${workloads.map(
    (w) =>
      html`<h3>${w.name}</h3>${table(
        w,
        html`<th>examples</th><th>train loss</th><th>val loss</th><th>accuracy</th><th>distance</th>${eps.map((e) => html`<th>falls at ${formatEps(e)}</th>`)}`,
        (m) =>
          html`<td>${formatCount(m.examples)}</td>${optional(m.trainLoss)}${optional(m.valLoss)}${percent(m.accuracy)}${optional(m.distance)}${eps.map((_, i) => percent(fallen(m, i)))}`,
      )}
${table(
  w,
  html`${w.models[0]!.growth.map((g) => html`<th>PGD growth, ${g.stage}</th><th>to random</th>`)}${w.models[0]!.norms.map((n) => html`<th>σ₁ ${n.name}</th>`)}`,
  (m) =>
    html`${m.growth.map((g) => html`${optional(g.adversarial)}${optional(g.ratio?.value)}`)}${m.norms.map((n) => optional(n.norm))}`,
)}`,
  )}`;
}

/** Several rates at one place of the grid: asked for with all of them. */
function ratesText(workloads: StudyStability['workloads']): string {
  const places = workloads.flatMap((w) => w.models.map((m) => [w.name, m.strategies, m.batchSize, m.seed].join(' ')));
  return new Set(places).size < places.length ? 'those with any rate' : 'those with its best rate';
}

/** The report of `ballast batch stability` as one HTML file without scripts that fetches nothing. */
export function renderStudyStabilityReport(
  result: StudyStability,
  { command }: { readonly command?: string } = {},
): string {
  const { settings, workloads, skipped } = result;
  const styles = strategyStyles(
    [...new Set(workloads.flatMap(strategiesOf))].map((name) => ({ name, rates: 'tuned' as const })),
  );
  return renderPage({
    title: `Batch size and stability: ${result.study}`,
    answer: stabilityAnswers(result),
    lede: 'Whether what large batches save in time is paid for in stability: the networks of one batch study, linearized, perturbed and attacked.',
    sections: [
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
<dt>networks</dt><dd>${workloads.map((w) => `${w.models.length} of ${w.name} (${w.model} on ${w.dataset})`).join(', ')}: of each strategy and batch size ${ratesText(workloads)}, all seeds, as they were when their training ended</dd>
<dt>images</dt><dd>${formatIndices(settings.images)} of the held-out data</dd>
<dt>attacks</dt><dd>PGD in linf, ${settings.steps} steps of a quarter of the radius, at ${settings.eps.map(formatEps).join(', ')}; DeepFool in l2</dd>
<dt>singular values</dt><dd>${settings.spectrumImages > 0 ? `the largest of every residual unit at the first ${settings.spectrumImages} of the images` : 'none'}</dd>
<dt>not measured</dt><dd>${skipped.length ? skipped.map(({ what, why }) => `${what}: ${why}`).join('; ') : 'nothing'}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
        ],
      },
      {
        title: 'How the measures go with the batch size',
        body: [
          html`<p>Slopes of a linear mixed model (REML) with 95 % intervals: log₂ of the batch, log₂ of the rate and the training loss together, a level for each update rule, seeds as random intercepts. “Of both”: batch and rate doubled together, as linear scaling has it. “agrees”: larger batches are less stable by this measure, at equal rate and loss; “disagrees”: more; p values corrected for all measures of the workload (Holm). “Could have been found”: the slope that such a study finds four times in five. Networks that are right no more often than chance are left out: they have hardly a gradient and look robust.</p>`,
          ...workloads.map(trends),
        ],
      },
      ...workloads.map((w) => ({ title: w.name, body: figuresOf(w, styles, settings.eps) })),
      { title: 'All networks', body: [allModels(result)] },
      {
        title: 'What this can and cannot say',
        body: [
          html`<ul class="notes">
<li>Neither paper asks this question; the protocol is ours. The networks of a study end at different losses: those of large batches have made fewer steps. The model takes out what is linear in the training loss and in the logarithm of the rate, and no more.</li>
<li>PGD and DeepFool give upper bounds on robustness. A distance of a network that is right by chance means little: see its accuracy.</li>
<li>Where one rule sets the rate by the batch, the two move together, and only differences between rules part them.</li>
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
