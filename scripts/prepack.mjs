// Builds what `npm pack` puts into the package, from nothing: what an earlier build left behind must not travel. The reference of the API is made too.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';

if (!existsSync('node_modules/typescript')) {
  process.stderr.write('npm pack: the package is built first, and what builds it is missing; run `npm ci`\n');
  process.exit(1);
}
rmSync('dist', { recursive: true, force: true });
// Standard output is npm's own: it names the archive there, or prints JSON.
for (const script of ['build', 'docs:api']) {
  const options = { stdio: ['inherit', 2, 'inherit'], shell: process.platform === 'win32' };
  const { status } = spawnSync('npm', ['run', '-s', script], options);
  if (status !== 0) process.exit(status ?? 1);
}
