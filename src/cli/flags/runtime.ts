import { parseDevice, type RuntimeOptions } from '../../runtime/index.ts';
import type { DeviceOptions } from './options.ts';

/** Where the options say that it runs. Throws UsageError for a device that is not there. */
export function runtimeOf({ device, threads, emission }: DeviceOptions): RuntimeOptions {
  return { device: parseDevice(device), emission, ...(threads === undefined ? {} : { threads }) };
}
