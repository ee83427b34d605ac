import { type Command, Option } from 'commander';
import { dataNames } from '../data/index.ts';
import { parseDevice, type RuntimeOptions } from '../runtime/index.ts';
import { wholeNumber } from './values.ts';

export interface DatasetOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly download?: boolean;
}

/** Which images or texts. */
export function addDatasetOptions(command: Command): Command {
  return command
    .option(
      '--dataset <name>',
      `one of ${Object.keys(dataNames).join(', ')} (shapes and grammar are procedural and need no files)`,
      'cifar10',
    )
    .option('--data <dir>', 'where the data set lies')
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
    .option('--threads <n>', 'threads on the CPU (default: all cores)', wholeNumber(1))
    .addOption(
      new Option('--emission <how>', 'how graphs are written for ONNX Runtime')
        .choices(['auto', 'plain', 'blocked'])
        .default('auto'),
    );
}

export function runtimeOf({ device, threads, emission }: DeviceOptions): RuntimeOptions {
  return { device: parseDevice(device), emission, ...(threads === undefined ? {} : { threads }) };
}
