import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ChildModule {
  readonly path: string;
  /** For `fork`: how the child is to load it, where that is not as this process does. */
  readonly execArgv?: readonly string[];
}

/**
 * A module that a process of its own is to run, beside the module at `base` and of its kind: compiled, or a source. Sources that run under a loader which is no
 * argument of this process (a test runner's) need one of their own.
 */
export function childModule(name: string, base: string): ChildModule {
  const extension = extname(new URL(base).pathname);
  const path = fileURLToPath(new URL(`./${name}${extension}`, base));
  const needsLoader = extension === '.ts' && !process.execArgv.some((arg) => arg.includes('tsx'));
  return needsLoader ? { path, execArgv: ['--import', 'tsx'] } : { path };
}
