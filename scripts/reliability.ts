/** Writes the table in docs/reliability.md from what is seen: `npm run reliability`, or `npm run reliability -- COMMAND ...` for some rows. */
import { writeFileSync } from 'node:fs';
import { documented, seen } from '../test/cli/reliability/table.ts';

const wanted = process.argv.slice(2);
const table = await seen(
  (writer, mishap, cell) => process.stdout.write(`${writer}, ${mishap}: ${cell}\n`),
  (writer) => wanted.length === 0 || wanted.includes(writer),
);
const document = documented();
writeFileSync(document.path, document.with(table.split('\n')));
process.exitCode = table.includes('fault') ? 1 : 0;
