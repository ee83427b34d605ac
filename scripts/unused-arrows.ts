/** Fails on an arrow of .dependency-cruiser.cjs that no file uses: what is permitted and not needed is an invitation. Part of `npm run lint`. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';

const { rooms } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  rooms: Readonly<Record<string, readonly string[]>>;
};

/** The rooms that a room's files import, tests aside. */
function usedBy(room: string): ReadonlySet<string> {
  const files = readdirSync(`src/${room}`, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.test.ts'));
  return new Set(
    sources.flatMap((file) => {
      const here = new URL(file, `file:///src/${room}/`);
      const { importedFiles } = ts.preProcessFile(readFileSync(`src/${room}/${file}`, 'utf8'));
      return importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => new URL(fileName, here).pathname.split('/')[2]!);
    }),
  );
}

const unused = Object.entries(rooms).flatMap(([room, allowed]) => {
  const used = usedBy(room);
  return allowed.filter((to) => !used.has(to)).map((to) => `${room} -> ${to}`);
});
if (unused.length > 0) {
  process.stderr.write(
    `.dependency-cruiser.cjs permits what nobody uses; take it away:\n${unused.map((arrow) => `  ${arrow}\n`).join('')}`,
  );
  process.exitCode = 1;
}
