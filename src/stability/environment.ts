import { cpus } from 'node:os';
import { defaultThreads, type RuntimeOptions } from '../runtime/index.ts';
import { version } from '../version.ts';
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
