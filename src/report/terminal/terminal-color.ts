const codes = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
} as const;

export type TerminalColor = keyof typeof codes;

/** Paints text, or leaves it alone when colour is off. */
export type Paint = (text: string, color: TerminalColor) => string;

export function painter(color: boolean): Paint {
  return (text, name) => (color && text !== '' ? `\u001b[${codes[name]}m${text}\u001b[0m` : text);
}

/** Whether to colour what goes to a stream: it is a terminal, and NO_COLOR (no-color.org) is not set. */
export function wantsColor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** At most `width` characters; a longer text ends in an ellipsis. */
export function truncate(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
