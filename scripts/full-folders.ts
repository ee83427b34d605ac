/** Fails on a folder with more files in it than one can take in at a glance. Part of `npm run lint`. */
import { readdirSync } from 'node:fs';

/** Files beside one another: about twenty. */
const most = 22;

function* foldersBelow(folder: string): Generator<{ readonly folder: string; readonly files: number }> {
  const entries = readdirSync(folder, { withFileTypes: true });
  yield { folder, files: entries.filter((entry) => entry.isFile()).length };
  for (const entry of entries) if (entry.isDirectory()) yield* foldersBelow(`${folder}/${entry.name}`);
}

const full = ['src', 'test', 'scripts', 'bench', 'fuzz']
  .flatMap((root) => [...foldersBelow(root)])
  .filter(({ folder, files }) => files > most && !folder.startsWith('bench/results'));
if (full.length > 0) {
  for (const { folder, files } of full)
    process.stderr.write(`${folder}: ${files} files side by side, expected at most ${most}; give them inner folders\n`);
  process.exitCode = 1;
}
