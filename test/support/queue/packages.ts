import { spawnSync } from 'node:child_process';

const isThere = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/**
 * Whether these programs are there, installed from Debian's packages where they are not and this is root. Where tests may not be skipped (BALLAST_REQUIRE_DATA=1, as in CI) it throws
 * instead of saying no.
 */
export function arePrograms(programs: readonly string[], packages: readonly string[]): boolean {
  const missing = () => programs.filter((program) => !isThere(program));
  if (missing().length === 0) return true;
  const install = `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() === 0) spawnSync('sh', ['-c', install], { encoding: 'utf8' });
  if (missing().length === 0) return true;
  if (process.env.BALLAST_REQUIRE_DATA === '1')
    throw new Error(`${missing().join(', ')} cannot be had: ${packages.join(' ')} of Debian`);
  return false;
}
