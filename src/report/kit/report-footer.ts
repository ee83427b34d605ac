import type { Environment } from '../../stability/index.ts';
import { type Html, html } from './html.ts';

/** `Ballast 0.1.0 on 2026-11-24 20:00:00 UTC`. `date`: ISO 8601. */
export const madeBy = ({ ballast, date }: Pick<Environment, 'ballast' | 'date'>): string =>
  `Ballast ${ballast} on ${date.replace(/^(.{10})T(.{8})\.?\d*Z$/, '$1 $2 UTC')}`;

/** How a page was made: the command, when, with what, where. */
export function reportFooter(e: Environment, command: string | undefined): Html {
  return html`${command ? html`<p><code>${command}</code></p>` : null}
<p>Made by ${madeBy(e)}; ${e.device}, ${e.threads} thread${e.threads === 1 ? '' : 's'}, ${e.cpu}, Node ${e.node}. Times are those of this machine.</p>`;
}
