import { type Command, Option } from 'commander';
import { mostThreads } from '../../schema/index.ts';
import { wholeNumber } from './values.ts';

export interface DatasetOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly download?: boolean;
  readonly classNames?: string;
}

export interface DeviceOptions {
  readonly device: string;
  readonly threads?: number;
  readonly emission: 'auto' | 'plain' | 'blocked';
}

/** Where it runs. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--threads <n>', 'threads on the CPU (default: all cores)', wholeNumber(1, mostThreads))
    .addOption(
      new Option('--emission <how>', 'how graphs are written for ONNX Runtime')
        .choices(['auto', 'plain', 'blocked'])
        .default('auto'),
    );
}

/** Where a command writes that needs a folder for anything but a dry run: undefined for one without. Ends with the usual line of a missing option. */
export function requiredOut(
  { out, dryRun = false }: { readonly out?: string; readonly dryRun?: boolean },
  command: Command,
): string | undefined {
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  return out;
}
