import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { blockedLayout } from './blocked/probe.ts';
import { availableDevices, type Device } from './devices.ts';
import type { EmissionName } from './emission.ts';
import { defaultThreads } from './threads.ts';

/** What computes here: goes beside every measured time. */
export interface RuntimeDescription {
  readonly cpu: string;
  readonly threads: number;
  readonly node: string;
  readonly onnxruntime: string;
  readonly devices: readonly Device[];
  /** What `auto` uses for convolutions on the CPU. */
  readonly emission: EmissionName;
  /** Why blocked emission is not used, when it is not. */
  readonly plainBecause?: string;
}

/** The version of ONNX Runtime that computes here. */
export function runtimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}

/** What programs run on: processor, threads, versions, and whether the blocked layout helps. */
export async function describeRuntime(): Promise<RuntimeDescription> {
  const layout = await blockedLayout();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    threads: defaultThreads(),
    node: process.version,
    onnxruntime: runtimeVersion(),
    devices: availableDevices(),
    emission: layout.supported ? `blocked${layout.block}` : 'plain',
    ...(layout.supported ? {} : { plainBecause: layout.reason }),
  };
}
