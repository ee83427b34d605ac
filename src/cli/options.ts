import { type Command, InvalidArgumentError, Option } from 'commander';
import { dataNames } from '../data/index.ts';
import { parseDevice, type RuntimeOptions } from '../runtime/index.ts';
import { addForeignOptions, type ForeignOptions } from './network.ts';

/** A whole number of at least `min`. */
export function wholeNumber(min: number) {
  return (text: string): number => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < min) throw new InvalidArgumentError(`expected a whole number of at least ${min}.`);
    return n;
  };
}

/** Different finite numbers, with commas between them: `0,0.5,-1`. */
export function numberList(text: string): number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) throw new InvalidArgumentError('expected finite numbers such as 0,0.5,1.');
  if (new Set(numbers).size < numbers.length) throw new InvalidArgumentError('a number is named twice.');
  return numbers;
}

/** A length in pixel units, `2/255` or `0.0078`. */
export function pixelLength(text: string): number {
  const [above, below, ...more] = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const value = below === undefined ? above! : above! / below;
  if (more.length || !Number.isFinite(value))
    throw new InvalidArgumentError('expected a number such as 2/255 or 0.01.');
  return value;
}

/** The same with commas between them. */
export const pixelLengths = (text: string): number[] => text.split(',').map(pixelLength);

export interface NetworkOptions extends ForeignOptions {
  readonly model: string;
  readonly weights?: string;
  readonly weightsKey?: string;
  readonly normalize?: string;
  readonly seed: number;
}

/** Which network; `usual` where none has to be named. */
export function addNetworkOptions(command: Command, usual?: string): Command {
  const model = new Option(
    '--model <name|file.onnx>',
    'built-in model (resnet20, resnet56, ...) or an ONNX file exported from PyTorch',
  );
  const own = command
    .addOption(usual === undefined ? model.makeOptionMandatory() : model.default(usual))
    .option(
      '--weights <file|random>',
      'checkpoint (.th, .pt, .safetensors), or "random" for fresh values (default: our own, where `ballast models` lists some)',
    )
    .option(
      '--weights-key <key>',
      'which set of weights of a checkpoint that holds several, by its key in it, such as model_ema (default: the one that was trained)',
    )
    .option(
      '--normalize <name|values>',
      'normalisation in front of the network: imagenet, cifar10, none, or means and deviations of pixels from 0 to 1, such as 0.5,0.5,0.5/0.25,0.25,0.25 (default: what the weights were trained with where they say so, imagenet for other built-in models, none for ONNX files)',
    );
  return addForeignOptions(own).addOption(seedOption());
}

/** Of measurements that draw. */
export const seedOption = () =>
  new Option('--seed <n>', 'seed of everything random').argParser(wholeNumber(0)).default(0);

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

/** Where results go: a name that is one. */
export function folderName(text: string): string {
  if (text.trim() === '' || text.includes('\0')) throw new InvalidArgumentError('expected the name of a folder.');
  return text;
}

/** Where a command writes that needs a folder for anything but a dry run: undefined for one without. Ends with the usual line of a missing option. */
export function requiredOut(
  { out, dryRun = false }: { readonly out?: string; readonly dryRun?: boolean },
  command: Command,
): string | undefined {
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  return out;
}

/** Where results go, for the measurements that `runMeasurement` runs. */
export function addOutputOptions(command: Command): Command {
  return command
    .option(
      '--out <dir>',
      'write report.html and result.json there; the same command again goes on where it stopped',
      folderName,
    )
    .option('--dry-run', 'say what would be done and what it would cost, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there');
}
