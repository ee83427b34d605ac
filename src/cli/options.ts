import { type Command, Option } from 'commander';
import { dataNames } from '../data/index.ts';
import { parseDevice, type RuntimeOptions } from '../runtime/index.ts';
import { wholeNumber } from './values.ts';

export interface NetworkOptions {
  readonly model: string;
  readonly weights?: string;
  readonly normalize?: string;
  readonly seed: number;
}

/** Which network; `usual` where none has to be named. */
export function addNetworkOptions(command: Command, usual?: string): Command {
  const model = new Option(
    '--model <name|file.onnx>',
    'built-in model (resnet20, resnet56, ...) or an ONNX file exported from PyTorch',
  );
  return command
    .addOption(usual === undefined ? model.makeOptionMandatory() : model.default(usual))
    .option(
      '--weights <file|random>',
      'checkpoint (.th, .pt, .safetensors), or "random" for fresh values (default: our own, where `ballast models` lists some)',
    )
    .option(
      '--normalize <name>',
      'normalisation in front of the network: imagenet, cifar10 or none (default: what the weights were trained with where they say so, imagenet for other built-in models, none for ONNX files)',
    )
    .addOption(seedOption());
}

/** Of measurements that draw. */
export const seedOption = () =>
  new Option('--seed <n>', 'seed of everything random').argParser(wholeNumber(0)).default(0);

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
