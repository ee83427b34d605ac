/** The command line that runs, as a reader of a page could repeat it. */
export const commandLine = (): string => `ballast ${process.argv.slice(2).join(' ')}`;

/** The command that runs, as its first words say. */
export function runningCommand(): string {
  const words = process.argv.slice(2);
  const options = words.findIndex((word) => word.startsWith('-'));
  return ['ballast', ...words.slice(0, options < 0 ? undefined : options)].join(' ');
}
