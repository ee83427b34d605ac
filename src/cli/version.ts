import { readFileSync } from 'node:fs';

/** Version of this package, from its package.json (two levels up, from `src/cli` and from `dist/cli` alike). */
export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
