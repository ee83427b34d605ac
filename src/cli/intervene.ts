import { join } from 'node:path';
import { Command, Option } from 'commander';
import { parseIndices } from '../data/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { createProgress, formatBytes, formatDuration, interventionTable, wantsColor } from '../report/index.ts';
import {
  InterventionMeasurement,
  type InterventionPlan,
  type InterventionRequest,
  interventionCache,
  type MethodChoice,
} from '../stability/index.ts';
import { fittedTo } from '../train/index.ts';
import { networkOf } from './network.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  addNetworkOptions,
  type DatasetOptions,
  type DeviceOptions,
  type NetworkOptions,
  numberList,
  pixelLength,
  runtimeOf,
  wholeNumber,
} from './options.ts';
import { forMeasurement, loadTestImages } from './test-set.ts';

interface InterveneOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly images: string;
  readonly unit: string;
  readonly measure?: string;
  readonly skipScale: readonly number[];
  readonly weightScale: readonly number[];
  readonly recompute?: boolean;
  readonly evalImages: number;
  readonly growth?: string;
  readonly eps: number;
  readonly finalRelu?: boolean;
  readonly method: MethodChoice;
  readonly top: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export function interveneCommand(): Command {
  const command = new Command('intervene').description(
    'Scale the skip connection and the branch of residual units: what becomes of their singular values, and of the accuracy',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .requiredOption('--unit <list>', 'units to change: all, names (layer3.4,layer3.8) or runs (layer3.1..layer3.4)')
    .option('--skip-scale <list>', 'scales a of the skip connection, e.g. 0,0.5,1,2', numberList, [1])
    .option('--weight-scale <list>', 'scales c of the branch’s output; each goes with each a', numberList, [1])
    .option('--recompute', 'linearize at the activations of the changed network, not of the unchanged one')
    .option('--measure <list>', 'units whose spectra are measured, or none (default: those that are changed)')
    .option('--images <list>', 'positions in the test set, e.g. 0,7,4321 or 0-9', '0')
    .option('--eval-images <n>', 'test images for the accuracy, the same share of every class', wholeNumber(1), 1000)
    .option('--growth <list>', 'also follow PGD and random perturbations of these images through every changed network')
    .option('--eps <radius>', 'linf radius of these perturbations in pixel units', pixelLength, 2 / 255)
    .option('--final-relu', 'the ReLU after the addition is part of the map')
    .option('--no-final-relu', 'the map ends at the addition (default)')
    .addOption(
      new Option('--method <how>', 'auto picks the cheaper exact one')
        .choices(['auto', 'dense', 'structured', 'lanczos'])
        .default('auto'),
    )
    .option('--top <k>', 'leading values where a spectrum is not computed in full', wholeNumber(1), 10)
    .option('--out <dir>', 'write report.html and result.json there; running again goes on where it stopped')
    .option('--dry-run', 'say what would be done and what it would cost, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: InterveneOptions): Promise<void> {
  const { out, json = false } = options;
  const loaded = await loadTestImages(options);
  const images = parseIndices(options.images, loaded.count);
  const network = await networkOf({ ...options, ...fittedTo(options.model, loaded) });
  const dataset = await forMeasurement(network, loaded, options, runtimeOf(options));
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const quiet = json && !process.stderr.isTTY;
  const progress = createProgress({ stream: process.stderr, label: 'interventions', quiet });
  try {
    const wanted: InterventionRequest = {
      network,
      dataset,
      images,
      units: options.unit,
      measured: options.measure,
      skipScales: options.skipScale,
      weightScales: options.weightScale,
      operatingPoint: options.recompute ? 'recomputed' : 'frozen',
      evaluationImages: options.evalImages,
      ...(options.growth === undefined
        ? {}
        : { growth: { images: parseIndices(options.growth, dataset.count), eps: options.eps, steps: 10 } }),
      finalRelu: options.finalRelu === true,
      method: options.method,
      top: options.top,
      seed: options.seed,
      runtime: runtimeOf(options),
      signal: stop.signal,
      onProgress: (fraction, detail) => progress.update(fraction, detail),
    };
    const parts = out === undefined ? undefined : join(out, 'interventions');
    const request = parts === undefined ? wanted : { ...wanted, cache: interventionCache(parts, wanted) };
    const measurement = await InterventionMeasurement.prepare(request);
    const { plan } = measurement;
    if (options.dryRun) {
      process.stdout.write(json ? `${JSON.stringify(plan)}\n` : planText(plan));
      return;
    }
    // Before the long part, so that a folder that cannot be written costs nothing.
    if (parts !== undefined) await makeFolder(parts);
    if (!quiet) process.stderr.write(estimate(plan));
    const result = await measurement.run();
    progress.finish();
    if (out !== undefined) {
      const command = `ballast ${process.argv.slice(2).join(' ')}`;
      await writeFileAtomic(join(out, 'result.json'), JSON.stringify(result));
      const { renderInterventionReport } = await import('../report/pages.ts');
      await writeFileAtomic(join(out, 'report.html'), renderInterventionReport(result, { command }));
    }
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    process.stdout.write(interventionTable(result, { color: wantsColor(process.stdout) }));
    if (out !== undefined) process.stdout.write(`\nreport: ${join(out, 'report.html')}\n`);
  } finally {
    process.off('SIGINT', interrupt);
    progress.finish();
  }
}

function estimate({ spectra, networks, seconds, bytes }: InterventionPlan): string {
  return `${spectra.length} spectra of ${networks} networks, with their accuracies: about ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory\n`;
}

function planText(plan: InterventionPlan): string {
  const lines = plan.spectra.map(
    (s) =>
      `${s.name} at image ${s.image}, skip ${s.skipScale}, weights ${s.weightScale}: ${s.method}, ${formatDuration(s.seconds)}\n`,
  );
  return `${lines.join('')}accuracies: ${formatDuration(plan.evaluationSeconds)}\n${
    plan.growthSeconds > 0 ? `perturbations: ${formatDuration(plan.growthSeconds)}\n` : ''
  }${estimate(plan)}`;
}
