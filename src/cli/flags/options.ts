import type { Command } from 'commander';
import { z } from 'zod';
import { runtimeKeys } from '../../schema/index.ts';
import { addRequestOptions } from './request-options.ts';

const runtimeRequest = z.object(runtimeKeys);

/** Where it runs. */
export type DeviceOptions = z.infer<typeof runtimeRequest>;

/** Where it runs. */
export const addDeviceOptions = (command: Command): Command => addRequestOptions(command, runtimeRequest);

/** Where a command writes that needs a folder for anything but a dry run: undefined for one without. Ends with the usual line of a missing option. */
export function requiredOut(
  { out, dryRun = false }: { readonly out?: string; readonly dryRun?: boolean },
  command: Command,
): string | undefined {
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  return out;
}
