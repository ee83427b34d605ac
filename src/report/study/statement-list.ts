import type { Statement } from '../../study/analysis/index.ts';
import { type Html, html } from '../kit/html.ts';
import { countText } from './verdict-text.ts';

/** What was judged, each with its observations; what could not be tested after it. */
export function statementList(statements: readonly Statement[]): Html {
  const judged = statements.filter((s) => s.verdict !== 'not testable here');
  const open = statements.filter((s) => s.verdict === 'not testable here');
  return html`<ul class="findings">${judged.map(
    (s) => html`<li class="${s.verdict === 'agrees' ? '' : 'caution'}"><b>${s.verdict}</b>${s.statement}
<p>${s.answer}</p>
<details><summary>${countText(s)}</summary><ul class="notes">${s.observations.map((o, i) => html`<li><b>${o.outcome}</b> ${s.evidence[i]!}</li>`)}</ul></details></li>`,
  )}</ul>
${open.length > 0 ? html`<details><summary>${open.length} statements that are not testable here</summary><ul class="notes">${open.map((s) => html`<li>${s.statement} ${s.answer}</li>`)}</ul></details>` : null}
<p>An observation agrees or disagrees where its 95 % interval says so, several being corrected by Holm’s method; equality takes two one-sided tests within the margin that is named.
What the budget ended, and what starts from a rate that is not tuned or at the edge of its grid, counts for no verdict.</p>`;
}
