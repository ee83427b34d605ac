/** The command line as users run it: compiled, which starts sooner than the sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const command = 'dist/cli/main.js';
let fresh = false;

/** When the last of the sources was changed, in milliseconds. */
function lastChange(): number {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.(?:tsx?|css|html)$/.test(name),
  );
  return Math.max(...files.map((name) => statSync(join('src', name)).mtimeMs));
}

const isFresh = () => existsSync(command) && statSync(command).mtimeMs > lastChange();

/** The path of the compiled command line; it is compiled first where the sources are newer, by one of the processes that test. */
export function builtCommand(): string {
  while (!fresh) {
    if (!isLocked()) {
      fresh = isFresh();
      if (fresh || !lock()) continue;
      try {
        const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], { encoding: 'utf8' });
        if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
        fresh = true;
      } finally {
        rmdirSync(building);
      }
    } else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  return command;
}

/** There while a process compiles. */
const building = 'node_modules/.ballast-building';

/** A lock that a killed process left is old: no build takes so long. */
function isLocked(): boolean {
  const found = statSync(building, { throwIfNoEntry: false });
  if (found && Date.now() - found.mtimeMs > 600_000) rmdirSync(building);
  return found !== undefined;
}

function lock(): boolean {
  try {
    mkdirSync(building);
    return true;
  } catch {
    return false;
  }
}
