/** What becomes of every command that writes when something goes wrong: the table in docs/reliability.md, which `npm run reliability` writes anew. */
import { expect, it } from 'vitest';
import { mayMount } from './mishaps.ts';
import { documented, seen } from './table.ts';

it.skipIf(!mayMount())('is what docs/reliability.md says', { timeout: 7_200_000 }, async () => {
  const { table } = documented();
  expect(table).not.toContain('fault');
  expect(await seen()).toBe(table);
});
