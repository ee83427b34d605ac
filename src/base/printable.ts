/**
 * What a terminal or a page would obey or hide instead of showing it: controls (C0, DEL, C1), marks that change the direction of
 * text or are invisible, line and paragraph separators, and halves of a surrogate pair.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As in a string of JavaScript or JSON: `\n`, `\u001b`, two escapes beyond the basic plane. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return short[character] ?? units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** The first `most` UTF-16 units of a text, the last three of them `...` where it is longer. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

/**
 * Text that a file brought along as one line that can be shown: what a terminal would obey or hide is escaped,
 * and at most `most` units of the text are kept.
 */
export function printable(text: string, most = 4000): string {
  return cut(text, most).replace(unprintable, escaped);
}

/** The same for a text of several lines, which stay lines. */
export function printableLines(text: string, most = 4000): string {
  return cut(text, most).replace(unprintable, (character) => (character === '\n' ? character : escaped(character)));
}
