/**
 * HTML that is safe by construction: text interpolated into an `html` template is escaped, only other `Html` goes in as it is.
 *
 *     html`<p title="${name}">${name} has ${units.map((u) => html`<b>${u}</b>`)}</p>`
 */

/** A piece of markup, as opposed to text. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

type Piece = string | number | Html | null | undefined | false | readonly Piece[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it must stand in HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => entities[c]!);
}

function markupOf(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return '';
  if (piece instanceof Html) return piece.markup;
  if (typeof piece === 'object') return piece.map(markupOf).join('');
  return escapeHtml(String(piece));
}

/** Template tag: strings and numbers are escaped, `Html` is not, arrays are joined, null, undefined and false vanish. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(strings.map((s, i) => s + (i < pieces.length ? markupOf(pieces[i]) : '')).join(''));
}
