/** What computes a trial outside of Ballast: the logs of other programs. */
export * from './readers/index.ts';
