import { join } from 'node:path';
import { Command, Option } from 'commander';
import { isText, parseIndices, type ThreeSplit } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import {
  createProgress,
  curvatureTable,
  formatBytes,
  formatCount,
  formatDuration,
  wantsColor,
} from '../report/index.ts';
import { CurvatureMeasurement, type CurvaturePlan } from '../stability/index.ts';
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
import { loadSplit } from './test-set.ts';

interface CurvatureOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly split: ThreeSplit;
  readonly images: string;
  readonly top: number;
  readonly bottom: number;
  readonly density?: boolean;
  readonly probes: number;
  readonly steps: number;
  readonly microBatch?: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export function curvatureCommand(): Command {
  const command = new Command('curvature').description(
    'Hessian of the mean loss over some examples: largest eigenvalues, trace and density of the spectrum',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .addOption(new Option('--split <name>', 'which data').choices(['train', 'valid', 'test']).default('train'))
    .option('--images <list>', 'positions in the split, e.g. 0,7,4321 or 0-199', '0-199')
    .option('--top <k>', 'how many of the largest eigenvalues', wholeNumber(1), 5)
    .option('--bottom <k>', 'how many of the smallest (most negative) ones', wholeNumber(0), 1)
    .option('--density', 'also the density of the whole spectrum, by stochastic Lanczos quadrature')
    .option('--probes <n>', 'random vectors for the trace, and for the density', wholeNumber(1), 10)
    .option('--steps <n>', 'Lanczos steps a probe, for the density', wholeNumber(1), 50)
    .option('--micro-batch <n>', 'examples a call (default: what fits into memory, at most 64)', wholeNumber(1))
    .option('--out <dir>', 'write report.html and result.json there')
    .option('--dry-run', 'time one product, say what the rest would cost, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: CurvatureOptions): Promise<void> {
  const { split, out, json = false } = options;
  const dataset = await loadSplit(options, split);
  if (isText(dataset)) throw new UsageError(`${dataset.name} is text; expected images`);
  const images = parseIndices(options.images, dataset.count);
  const network = await networkOf({ ...options, ...fittedTo(options.model, dataset) });
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const quiet = json && !process.stderr.isTTY;
  const progress = createProgress({ stream: process.stderr, label: 'curvature', quiet });
  let measurement: CurvatureMeasurement | undefined;
  try {
    measurement = await CurvatureMeasurement.prepare({
      network,
      dataset,
      split,
      images,
      largest: options.top,
      smallest: options.bottom,
      probes: options.probes,
      densitySteps: options.density ? options.steps : undefined,
      microBatch: options.microBatch,
      seed: options.seed,
      runtime: runtimeOf(options),
      signal: stop.signal,
      onProgress: (fraction, detail) => progress.update(fraction, detail),
    });
    const { plan } = measurement;
    if (options.dryRun) {
      process.stdout.write(json ? `${JSON.stringify(plan)}\n` : `${planText(plan)}\n`);
      return;
    }
    // Before the long part, so that a folder that cannot be written costs nothing.
    if (out !== undefined) await makeFolder(out);
    if (!quiet) process.stderr.write(`${planText(plan)}\n`);
    const result = await measurement.run();
    progress.finish();
    if (out !== undefined) {
      const command = `ballast ${process.argv.slice(2).join(' ')}`;
      await writeFileAtomic(join(out, 'result.json'), JSON.stringify(result));
      const { renderCurvatureReport } = await import('../report/pages.ts');
      await writeFileAtomic(join(out, 'report.html'), renderCurvatureReport(result, { command }));
    }
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    process.stdout.write(`${curvatureTable(result, { color: wantsColor(process.stdout) })}\n`);
    if (out !== undefined) process.stdout.write(`\nreport: ${join(out, 'report.html')}\n`);
  } finally {
    process.off('SIGINT', interrupt);
    progress.finish();
    await measurement?.dispose();
  }
}

function planText({
  parameters,
  examples,
  microBatch,
  secondsPerProduct,
  products,
  seconds,
  bytes,
}: CurvaturePlan): string {
  const count = (n: number, what: string) => `${formatCount(n)} ${what}${n === 1 ? '' : 's'}`;
  return (
    `${count(parameters, 'parameter')}, ${count(examples, 'example')} (${formatCount(microBatch)} a call): a Hessian-vector product takes ${formatDuration(secondsPerProduct)}\n` +
    `up to ${formatCount(products.eigenvalues)} of them for the eigenvalues, ${formatCount(products.probes)} for the probes: ` +
    `at most ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory`
  );
}
