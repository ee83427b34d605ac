/** The command line that runs, as a reader of a page could repeat it. */
export const commandLine = (): string => `ballast ${process.argv.slice(2).join(' ')}`;
