/** The help of a command is there at once because what it is made of imports nothing heavy: times are for `npm run bench -- help`. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** Files that a source loads with itself; what it only takes types from, or loads when it is asked, is left out. */
function loadedBy(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?\sfrom '(\.[^']+)';/gm)];
  return imports.map(([, path]) => join(dirname(file), path!));
}

/** Rooms of which each file takes others with it that a help does not need. */
const heavy =
  /^src\/(onnx|autodiff|runtime|linalg|nn|data|evaluate|store|trials|study|stability|comparison|server|queue)\//;

it('no command loads networks, data, stores or studies before it runs', () => {
  const commands = readdirSync('src/cli/commands', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(actions|shown)\//.test(name))
    .map((name) => join('src/cli/commands', name));
  const measurements = readdirSync('src/app/measurements').map((name) => join('src/app/measurements', name));
  const from = new Map<string, string | undefined>(
    ['src/cli/command-line.ts', 'src/cli/measurement-command.ts', ...commands, ...measurements].map((file) => [
      file,
      undefined,
    ]),
  );
  for (const file of from.keys()) for (const loaded of loadedBy(file)) if (!from.has(loaded)) from.set(loaded, file);
  expect(from.size).toBeGreaterThan(60);
  const way = (file: string): string => {
    const before = from.get(file);
    return before === undefined ? file : `${way(before)} -> ${file}`;
  };
  expect([...from.keys()].filter((file) => heavy.test(file)).map(way)).toEqual([]);
});
