/** What computes a trial outside of Ballast: any program, and the logs of other programs. */
export * from './command/index.ts';
export * from './readers/index.ts';
