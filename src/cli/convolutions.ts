import { join } from 'node:path';
import { Command, Option } from 'commander';
import { convolutionsTable, formatBytes, formatCount, formatDuration } from '../report/index.ts';
import { ConvolutionsMeasurement, type ConvolutionsRequest, convolutionsCache } from '../stability/index.ts';
import { type OutputOptions, runMeasurement } from './measurement-run.ts';
import { networkOf } from './network.ts';
import {
  addDeviceOptions,
  addNetworkOptions,
  addOutputOptions,
  type DeviceOptions,
  type NetworkOptions,
  runtimeOf,
  wholeNumber,
} from './options.ts';

interface ConvolutionsOptions extends NetworkOptions, DeviceOptions, OutputOptions {
  readonly layers: string;
  readonly foldNorm?: boolean;
  readonly method: ConvolutionsRequest['method'];
  readonly top: number;
}

export function convolutionsCommand(): Command {
  const command = new Command('convolutions').description(
    'Singular values of single convolutions with their padding and stride, beside the circular approximation',
  );
  addDeviceOptions(addNetworkOptions(command))
    .option('--layers <list>', 'all, or names of convolutions (layer1.0.conv1,layer3.8.conv2)', 'all')
    .option('--fold-norm', 'the scale of the batch norm behind a convolution is part of it')
    .addOption(
      new Option('--method <how>', 'auto: all values up to an order of 16384, leading ones beyond')
        .choices(['auto', 'exact', 'lanczos'])
        .default('auto'),
    )
    .option('--top <k>', 'leading values where not all are computed', wholeNumber(1), 10);
  return addOutputOptions(command).action(run);
}

async function run(options: ConvolutionsOptions): Promise<void> {
  const network = await networkOf(options);
  const { layers, foldNorm = false, method, top, seed, out } = options;
  const request: ConvolutionsRequest = { network, layers, foldNorm, method, top, seed, runtime: runtimeOf(options) };
  const cache = out === undefined ? undefined : convolutionsCache(join(out, 'layers'), request);
  await runMeasurement(
    {
      label: 'convolutions',
      parts: 'layers',
      prepare: async (control) => new ConvolutionsMeasurement({ ...request, ...control, cache }),
      estimate: (plan) =>
        `${formatCount(plan.layers.length)} convolution${plan.layers.length === 1 ? '' : 's'}: about ${formatDuration(plan.seconds)}, up to ${formatBytes(plan.bytes)} of memory`,
      details: (plan) =>
        plan.layers.map((l) => `${l.name}, ${l.shape.join(' x ')}: ${l.method}, ${formatDuration(l.seconds)}`),
      table: convolutionsTable,
      report: (pages) => pages.renderConvolutionsReport,
    },
    options,
  );
}
