import { Command, Option } from 'commander';
import { parseIndices } from '../data/index.ts';
import type { MethodChoice } from '../stability/index.ts';
import { fittedTo } from '../train/index.ts';
import { networkOf } from './network.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  addNetworkOptions,
  type DatasetOptions,
  type DeviceOptions,
  type NetworkOptions,
  runtimeOf,
  wholeNumber,
} from './options.ts';
import { measureAndReport } from './spectrum-run.ts';
import { forMeasurement, loadTestImages } from './test-set.ts';

interface SpectrumOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly images: string;
  readonly units: string;
  readonly stages?: boolean;
  readonly finalRelu?: boolean;
  readonly method: MethodChoice;
  readonly top: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export function spectrumCommand(): Command {
  const command = new Command('spectrum').description(
    'Singular values of residual units and stages, linearized at images of the test set',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .option('--images <list>', 'positions in the test set, e.g. 0,7,4321 or 0-9', '0')
    .option('--units <list>', 'all, none, names (layer3.4,layer3.8) or runs (layer3.1..layer3.4)', 'all')
    .option('--stages', 'also linearize every stage as a whole (its leading singular values)')
    .option('--final-relu', 'the ReLU after the last addition is part of the map')
    .option('--no-final-relu', 'the map ends at the addition (default)')
    .addOption(
      new Option('--method <how>', 'auto picks the cheaper exact one for units')
        .choices(['auto', 'dense', 'structured', 'lanczos'])
        .default('auto'),
    )
    .option('--top <k>', 'leading values where a spectrum is not computed in full', wholeNumber(1), 10)
    .option(
      '--out <dir>',
      'write report.html, result.json and singular-values.npz there; running again goes on where it stopped',
    )
    .option('--dry-run', 'say what would be done and what it would cost, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: SpectrumOptions): Promise<void> {
  const loaded = await loadTestImages(options);
  const images = parseIndices(options.images, loaded.count);
  const network = await networkOf({ ...options, ...fittedTo(options.model, loaded) });
  const dataset = await forMeasurement(network, loaded, options, runtimeOf(options));
  await measureAndReport(
    {
      network,
      dataset,
      images,
      units: options.units,
      stages: options.stages === true,
      finalRelu: options.finalRelu === true,
      method: options.method,
      top: options.top,
      seed: options.seed,
      runtime: runtimeOf(options),
    },
    { out: options.out, json: options.json === true, dryRun: options.dryRun === true },
  );
}
