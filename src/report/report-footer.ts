import type { Environment } from '../stability/result.ts';
import { type Html, html } from './html.ts';

/** How a page was made: the command, when, with what, where. */
export function reportFooter(e: Environment, command: string | undefined): Html {
  return html`${command ? html`<p><code>${command}</code></p>` : null}
<p>Made by Ballast ${e.ballast} on ${e.date.replace(/^(.{10})T(.{8})\.?\d*Z$/, '$1 $2 UTC')}; ${e.device}, ${e.threads} thread${e.threads === 1 ? '' : 's'}, ${e.cpu}, Node ${e.node}. Times are those of this machine.</p>`;
}
