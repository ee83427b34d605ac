/** Command lines that can be typed as they stand, for below the options of a command's help. */
export const exampleText = (...lines: readonly string[]): string =>
  `\n${lines.length > 1 ? 'Examples' : 'Example'}:${lines.map((line) => `\n  $ ${line}`).join('')}`;
