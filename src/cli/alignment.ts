import { join } from 'node:path';
import { Command } from 'commander';
import { parseIndices } from '../data/index.ts';
import { alignmentTable, formatBytes, formatCount, formatDuration } from '../report/index.ts';
import { AlignmentMeasurement, type AlignmentRequest, alignmentCache } from '../stability/index.ts';
import { fittedTo } from '../train/index.ts';
import { type OutputOptions, runMeasurement } from './measurement-run.ts';
import { networkOf } from './network.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  addNetworkOptions,
  addOutputOptions,
  type DatasetOptions,
  type DeviceOptions,
  type NetworkOptions,
  runtimeOf,
  wholeNumber,
} from './options.ts';
import { forMeasurement, loadTestImages } from './test-set.ts';

interface AlignmentOptions extends NetworkOptions, DatasetOptions, DeviceOptions, OutputOptions {
  readonly images: string;
  readonly top: number;
}

export function alignmentCommand(): Command {
  const command = new Command('alignment').description(
    'How the top singular vectors of the branches of a stage align across depth, at images of the test set',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .option('--images <list>', 'positions in the test set, e.g. 0,7,4321 or 0-9', '0')
    .option('--top <k>', 'singular vectors of each branch', wholeNumber(1), 10);
  return addOutputOptions(command).action(run);
}

async function run(options: AlignmentOptions): Promise<void> {
  const loaded = await loadTestImages(options);
  const images = parseIndices(options.images, loaded.count);
  const network = await networkOf({ ...options, ...fittedTo(options.model, loaded) });
  const dataset = await forMeasurement(network, loaded, options, runtimeOf(options));
  const { top, seed, out } = options;
  const request: AlignmentRequest = { network, dataset, images, top, seed, runtime: runtimeOf(options) };
  const cache = out === undefined ? undefined : alignmentCache(join(out, 'stages'), request);
  await runMeasurement(
    {
      label: 'alignment',
      parts: 'stages',
      prepare: (control) => AlignmentMeasurement.prepare({ ...request, ...control, cache }),
      estimate: (plan) =>
        `${formatCount(plan.stages.length)} stage${plan.stages.length === 1 ? '' : 's'} at ${plan.images} image${plan.images === 1 ? '' : 's'}: about ${formatDuration(plan.seconds)}, up to ${formatBytes(plan.bytes)} of memory`,
      details: (plan) => [
        ...plan.stages.map(
          (s) => `${s.name}, ${s.units.length} units of ${formatCount(s.size)}: ${formatDuration(s.seconds)} an image`,
        ),
        ...plan.skipped.map((name) => `${name}: left out, it has no other of its shape to be compared with`),
      ],
      table: alignmentTable,
      report: (pages) => pages.renderAlignmentReport,
    },
    options,
  );
}
