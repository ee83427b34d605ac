/** What a measurement is, and where its finished parts are kept. */
export { type PartOrigin, partCache } from './part-cache.ts';
