import { readFileSync } from 'node:fs';
import { availableParallelism, platform } from 'node:os';
import { UsageError } from '../base/errors.ts';

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Distinct (socket, core) pairs of Linux' /proc/cpuinfo; undefined when it does not say. */
export function physicalCoresIn(cpuinfo: string): number | undefined {
  const cores = new Set<string>();
  for (const processor of cpuinfo.split(/\n\s*\n/)) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(processor)?.[1];
    const core = /^core id\s*:\s*(\d+)/m.exec(processor)?.[1];
    if (socket !== undefined && core !== undefined) cores.add(`${socket}/${core}`);
  }
  return cores.size > 0 ? cores.size : undefined;
}

/** Processors that a container may use, from a cgroup v2 `cpu.max` ("quota period"); undefined when unlimited. */
export function quotaIn(cpuMax: string): number | undefined {
  const [quota, period] = cpuMax.trim().split(/\s+/).map(Number);
  return quota && period && Number.isFinite(quota) ? Math.max(1, Math.ceil(quota / period)) : undefined;
}

let machineThreads: number | undefined;

function physicalCores(): number {
  if (machineThreads !== undefined) return machineThreads;
  const limits = [availableParallelism()];
  if (platform() === 'linux') {
    const cores = physicalCoresIn(readText('/proc/cpuinfo') ?? '');
    const quota = quotaIn(readText('/sys/fs/cgroup/cpu.max') ?? 'max');
    if (cores) limits.push(cores);
    if (quota) limits.push(quota);
  }
  machineThreads = Math.max(1, Math.min(...limits));
  return machineThreads;
}

/**
 * Threads that one program uses unless told: BALLAST_THREADS, else the physical cores this process may use (two
 * hyper-threads of a core share the vector units that convolutions keep busy).
 */
export function defaultThreads(): number {
  const text = process.env.BALLAST_THREADS;
  if (text === undefined || text === '') return physicalCores();
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UsageError(`BALLAST_THREADS must be a whole number of at least 1, got "${text}"`);
  }
  return threads;
}
