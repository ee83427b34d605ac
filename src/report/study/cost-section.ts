import type { ReportCost, StrategyCost } from '../../study/cost/index.ts';
import { type Html, html } from '../kit/html.ts';
import type { Section } from '../kit/page.ts';
import { formatCount, formatDuration, formatNumber } from '../numbers.ts';
import { costFigure, stepTimeFigure } from './cost-figure.ts';
import { costText, marked } from './plan-sentences.ts';

function rows({ workload, strategy, ways, knee }: StrategyCost): Html {
  return html`${ways.map((w) => {
    const size = formatCount(w.batchSize);
    const chosen = knee !== null && w.batchSize === knee.batchSize && w.devices === knee.devices;
    return html`<tr><td>${workload}</td><td>${strategy}</td><td>${chosen ? html`<b>${size}</b>` : size}</td><td>${w.devices}</td><td>${marked(w.steps, formatCount)}</td><td>${marked(w.stepSeconds, formatDuration)}</td><td>${marked(w.seconds, formatDuration)}</td><td>${costText(w)}</td></tr>\n`;
  })}`;
}

/** What the cost model says of a study; null where no strategy has a cost. */
export function batchCostSection({ strategies, without, devices, link, price }: ReportCost): Section | null {
  if (strategies.length === 0) return null;
  const byWorkload = [...new Set(strategies.map((s) => s.workload))].map((name) =>
    strategies.filter((s) => s.workload === name),
  );
  return {
    title: 'Time and cost',
    body: [
      html`<dl class="facts">
<dt>step times</dt><dd>${[...new Set(strategies.map((s) => s.hardware))].join('; ')}</dd>
<dt>devices</dt><dd>${devices.join(', ')}${link ? `; ring all-reduce over ${formatNumber(link.bandwidth / 1e9)} GB/s and ${formatNumber(link.latency * 1e6)} µs (${link.source})` : ''}</dd>
<dt>price</dt><dd>${price === null ? 'none: costs are device-hours' : `${formatNumber(price)} a device-hour (given)`}</dd>
</dl>`,
      html`<div class="table words"><table><thead><tr><th>workload</th><th>strategy</th><th>batch</th><th>devices</th><th>steps</th><th>a step</th><th>time</th><th>${price === null ? 'device-hours' : 'money'}</th></tr></thead>
<tbody>${strategies.map(rows)}</tbody></table></div>
<p>Steps to the primary target (medians over seeds) times the median time of a step, evaluation left out. A tilde marks what is modelled; a number without it was measured. Bold: the least product of time and device-hours.${
        without.length
          ? ` Without a cost: ${without.map((w) => `${w.strategy} of ${w.workload} (${w.why})`).join(', ')}.`
          : ''
      }</p>`,
      ...byWorkload.flatMap((own) => [
        html`<h3>${own[0]!.workload}</h3>`,
        stepTimeFigure(own[0]!.stepTime, { of: own[0]!.workload }),
        ...(devices.length > 1
          ? own.map((s) => costFigure(s.ways, { chosen: s.knee ?? undefined, of: `${s.workload}, ${s.strategy}` }))
          : []),
      ]),
    ],
  };
}
