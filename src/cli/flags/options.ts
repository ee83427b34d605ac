import { type Command, Option } from 'commander';
import { dataNames } from '../../data/index.ts';
import { parseDevice, type RuntimeOptions } from '../../runtime/index.ts';
import { mostThreads } from '../../schema/index.ts';
import { wholeNumber } from './values.ts';

export interface DatasetOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly download?: boolean;
  readonly classNames?: string;
}

/** Which images or texts. */
export function addDatasetOptions(command: Command): Command {
  return command
    .option(
      '--dataset <name>',
      `one of ${Object.keys(dataNames).join(', ')} (shapes and grammar are procedural and need no files)`,
      'cifar10',
    )
    .option('--data <dir>', 'where the data set lies; a picture (.png, .jpg) is taken for a folder of its own')
    .option(
      '--class-names <list|file>',
      "--dataset folder: the network's classes in the order of its outputs, e.g. ant,cat,dog, or a .json or .txt file of them; folders are matched by name",
    )
    .option('--download', 'fetch CIFAR from its official address into --data first, if it is not there');
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

export function runtimeOf({ device, threads, emission }: DeviceOptions): RuntimeOptions {
  return { device: parseDevice(device), emission, ...(threads === undefined ? {} : { threads }) };
}

/** Where a command writes that needs a folder for anything but a dry run: undefined for one without. Ends with the usual line of a missing option. */
export function requiredOut(
  { out, dryRun = false }: { readonly out?: string; readonly dryRun?: boolean },
  command: Command,
): string | undefined {
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  return out;
}
