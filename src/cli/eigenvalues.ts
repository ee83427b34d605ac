import { join } from 'node:path';
import { Command, Option } from 'commander';
import { parseIndices } from '../data/index.ts';
import { eigenvaluesTable, formatBytes, formatCount, formatDuration } from '../report/index.ts';
import { EigenvaluesMeasurement, type EigenvaluesRequest, eigenvaluesCache } from '../stability/index.ts';
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

interface EigenvaluesOptions extends NetworkOptions, DatasetOptions, DeviceOptions, OutputOptions {
  readonly images: string;
  readonly units: string;
  readonly method: EigenvaluesRequest['method'];
  readonly top: number;
}

export function eigenvaluesCommand(): Command {
  const command = new Command('eigenvalues').description(
    'Eigenvalues of the branches of residual units with an identity shortcut, at images of the test set',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .option('--images <list>', 'positions in the test set, e.g. 0,7,4321 or 0-9', '0')
    .option('--units <list>', 'all, or names (layer3.4,layer3.8)', 'all')
    .addOption(
      new Option('--method <how>', 'auto: all eigenvalues up to 1500 active inner units, leading ones beyond')
        .choices(['auto', 'exact', 'arnoldi'])
        .default('auto'),
    )
    .option('--top <k>', 'leading eigenvalues where not all are computed', wholeNumber(1), 10);
  return addOutputOptions(command).action(run);
}

async function run(options: EigenvaluesOptions): Promise<void> {
  const loaded = await loadTestImages(options);
  const images = parseIndices(options.images, loaded.count);
  const network = await networkOf({ ...options, ...fittedTo(options.model, loaded) });
  const dataset = await forMeasurement(network, loaded, options, runtimeOf(options));
  const { units, method, top, seed, out } = options;
  const request: EigenvaluesRequest = {
    network,
    dataset,
    images,
    units,
    method,
    top,
    seed,
    runtime: runtimeOf(options),
  };
  const cache = out === undefined ? undefined : eigenvaluesCache(join(out, 'branches'), request);
  await runMeasurement(
    {
      label: 'eigenvalues',
      parts: 'branches',
      prepare: (control) => EigenvaluesMeasurement.prepare({ ...request, ...control, cache }),
      estimate: (plan) =>
        `${formatCount(plan.branches.length)} branch${plan.branches.length === 1 ? '' : 'es'} at ${images.length} image${images.length === 1 ? '' : 's'}: about ${formatDuration(plan.seconds)}, up to ${formatBytes(plan.bytes)} of memory`,
      details: (plan) => [
        ...plan.branches.map((b) => `${b.name} at image ${b.image}: ${b.method}, ${formatDuration(b.seconds)}`),
        ...plan.skipped.map((name) => `${name}: left out, its shortcut is not the identity`),
      ],
      table: eigenvaluesTable,
      report: (pages) => pages.renderEigenvaluesReport,
    },
    options,
  );
}
