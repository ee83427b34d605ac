import { Command, Option } from 'commander';
import { isText, type ThreeSplit } from '../data/index.ts';
import { describeNormalization } from '../models/index.ts';
import { createProgress, formatCount } from '../report/index.ts';
import { evaluateNetwork, fittedTo, type NetworkEvaluation } from '../train/index.ts';
import { listenForInterrupts } from './interrupts.ts';
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
import { loadSplit, tellNormalization, tellOrder, withClassesOf } from './test-set.ts';

interface EvalOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly split: ThreeSplit;
  readonly batchSize?: number;
  readonly json?: boolean;
}

export function evalCommand(): Command {
  const command = new Command('eval').description(
    'How good a network is on held-out data: accuracy, intersection over union or perplexity, and mean cross-entropy',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .addOption(new Option('--split <name>', 'which data').choices(['train', 'valid', 'test']).default('test'))
    .option(
      '--batch-size <n>',
      'examples a call (default: 256 images, 16 with masks, 20 streams of text)',
      wholeNumber(1),
    )
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: EvalOptions): Promise<void> {
  const { batchSize, json = false } = options;
  const loaded = await loadSplit(options, options.split);
  const network = await networkOf({ ...options, ...fittedTo(options.model, loaded) });
  const data = withClassesOf(network, loaded, options);
  tellNormalization(network);
  tellOrder(network, loaded, options);
  const progress = createProgress({ stream: process.stderr, label: 'evaluating', quiet: json });
  const interrupts = listenForInterrupts();
  const result = await evaluateNetwork(network, data, {
    ...runtimeOf(options),
    signal: interrupts.signal,
    ...(batchSize === undefined ? {} : { batchSize }),
    onProgress: (done, total) => progress.update(done / total),
  }).finally(() => {
    interrupts.end();
    progress.finish(interrupts.signal.aborted ? 'stopped' : 'done');
  });
  const { name, weights, normalization } = network;
  const notes = isText(data) ? undefined : data.notes;
  process.stdout.write(
    json
      ? `${JSON.stringify({ model: name, weights, normalization, dataset: data.name, split: options.split, ...(notes && { notes }), ...result })}\n`
      : `${name} on ${data.name} (${options.split}): ${described(result)}\n${normalization ? `normalisation: ${describeNormalization(normalization)}\n` : ''}`,
  );
}

function described(result: NetworkEvaluation): string {
  const loss = `cross-entropy ${result.loss.toFixed(4)}`;
  switch (result.task) {
    case 'classification':
      return `accuracy ${percent(result.accuracy)}, ${loss} over ${formatCount(result.count)} images (${Math.round(result.imagesPerSecond)} images/s)`;
    case 'segmentation': {
      const width = Math.max(...result.classes.map((c) => c.name.length));
      const rows = result.classes.map(
        ({ name, iou, pixels }) =>
          `\n  ${name.padEnd(width)}  ${iou === undefined ? '     -' : iou.toFixed(4)}  ${formatCount(pixels).padStart(11)} pixels`,
      );
      return (
        `mean IoU ${result.meanIoU.toFixed(4)}, ${percent(result.pixelAccuracy)} of the pixels, ${loss} over ${formatCount(result.count)} images ` +
        `(${result.imagesPerSecond.toFixed(1)} images/s)${rows.join('')}`
      );
    }
    case 'language':
      return `perplexity ${result.perplexity.toFixed(2)}, ${loss} over ${formatCount(result.count)} tokens (${Math.round(result.tokensPerSecond)} tokens/s)`;
  }
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;
