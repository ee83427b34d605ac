import { cpus } from 'node:os';
import { version } from '../base/version.ts';
import { defaultThreads, type RuntimeOptions } from '../runtime/index.ts';
import type { Environment } from './result.ts';

/** This machine, now. */
export function environmentOf({ device = 'cpu', threads = defaultThreads() }: RuntimeOptions): Environment {
  return {
    ballast: version,
    node: process.versions.node,
    device,
    threads,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    date: new Date().toISOString(),
  };
}
