/** The command line as users run it: compiled, which starts sooner than the sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const command = 'dist/cli/main.js';
let fresh = false;

/** When the last of the sources was changed, in milliseconds. */
function lastChange(): number {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  return Math.max(...files.map((name) => statSync(join('src', name)).mtimeMs));
}

/** The path of the compiled command line; it is compiled first where the sources are newer. */
export function builtCommand(): string {
  if (!fresh && !(existsSync(command) && statSync(command).mtimeMs > lastChange())) {
    const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
  }
  fresh = true;
  return command;
}
