/** Elements whose text is to be typed, or is no text; then any tag; then text. */
const parts = /<(style|code|title)\b[^>]*>[\s\S]*?<\/\1>|<[^>]*>|[^<]+/g;

/** A hyphen in front of a number, where no word or number stands before it, as in a range or a date. */
const hyphens = /(^|[\s(|=±,;:])-(?=\.?\d)/g;

/** The markup with hyphens before numbers set as the minus signs that they are; commands stay as they are typed. */
export function withMinusSigns(markup: string): string {
  return markup.replace(parts, (part) => (part.startsWith('<') ? part : part.replace(hyphens, '$1−')));
}
