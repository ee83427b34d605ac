/** What a server of results is asked and answers. A door of its own: nothing else needs it. */
export * from './events.ts';
export * from './folder.ts';
export * from './forms.ts';
export * from './jobs.ts';
export type { Operation } from './operation.ts';
export * from './operations.ts';
export * from './results.ts';
export * from './studies.ts';
