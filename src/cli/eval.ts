import { Command } from 'commander';
import { loadNetwork } from '../models/index.ts';
import { createProgress } from '../report/index.ts';
import { evaluate } from '../train/index.ts';
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
import { loadTestSet } from './test-set.ts';

interface EvalOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly batchSize: number;
  readonly json?: boolean;
}

export function evalCommand(): Command {
  const command = new Command('eval').description('Accuracy and mean cross-entropy of a classifier on a test set');
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .option('--batch-size <n>', 'images a call', wholeNumber(1), 256)
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: EvalOptions): Promise<void> {
  const dataset = await loadTestSet(options);
  const network = await loadNetwork({ ...options, classes: dataset.classes.length });
  const progress = createProgress({
    stream: process.stderr,
    total: dataset.count,
    label: 'images',
    quiet: options.json === true,
  });
  const result = await evaluate(network, dataset, {
    ...runtimeOf(options),
    batchSize: options.batchSize,
    onProgress: (done) => progress.update(done),
  });
  progress.finish();
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ model: network.name, weights: network.weights, dataset: dataset.name, ...result })}\n`,
    );
    return;
  }
  const accuracy = `${(100 * result.accuracy).toFixed(2)} %`;
  process.stdout.write(
    `${network.name} on ${dataset.name}: accuracy ${accuracy}, cross-entropy ${result.loss.toFixed(4)} over ${result.count} images ` +
      `(${Math.round(result.imagesPerSecond)} images/s)\n`,
  );
}
