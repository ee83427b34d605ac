import { join } from 'node:path';
import { Command } from 'commander';
import { parseIndices } from '../../data/index.ts';
import { makeFolder } from '../../formats/index.ts';
import { loadNetwork } from '../../models/index.ts';
import { formatBytes, formatDuration, reproductionTable } from '../../report/index.ts';
import {
  type PerturbationPixels,
  partFolders,
  Reproduction,
  type ReproductionResult,
  untrainedControl,
} from '../../stability/index.ts';
import { fittedTo } from '../../train/index.ts';
import { type OutputOptions, runMeasurement } from '../measurement-run.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  addNetworkOptions,
  type DatasetOptions,
  type DeviceOptions,
  type NetworkOptions,
  pixelLength,
  runtimeOf,
  wholeNumber,
} from '../options.ts';
import { loadTestImages } from '../test-set.ts';

interface ReproduceStabilityOptions extends NetworkOptions, DatasetOptions, DeviceOptions, OutputOptions {
  readonly images: number;
  readonly spectrumImages: number;
  readonly units?: string;
  readonly spectrumMinutes: number;
  readonly eps: number;
  readonly steps: number;
  readonly projectionSteps: number;
  readonly projectionImages: number;
  readonly top: number;
  readonly finalRelu?: boolean;
  readonly evalImages: number;
  readonly pictures: boolean;
}

export function reproduceStabilityCommand(): Command {
  const command = new Command('stability').description(
    'Findings F1 to F5 of Rothauge et al. (arXiv 1905.13386) on a residual network: spectra, interventions, perturbations, projections; one page',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command, 'resnet56')))
    .option('--images <n>', 'the first n test images are perturbed', wholeNumber(1), 100)
    .option('--spectrum-images <n>', 'complete spectra at the first n of them', wholeNumber(1), 2)
    .option(
      '--units <list>',
      'units with complete spectra: all or names (default: as many as --spectrum-minutes allow)',
    )
    .option('--spectrum-minutes <n>', 'what complete spectra may take by estimate', wholeNumber(0), 4)
    .option('--eps <radius>', 'linf radius of PGD in pixel units', pixelLength, 2 / 255)
    .option('--steps <n>', 'steps of PGD', wholeNumber(1), 10)
    .option('--projection-steps <n>', 'Golub-Kahan steps of a projection', wholeNumber(2), 30)
    .option('--projection-images <n>', 'perturbations of the first n images are projected', wholeNumber(1), 20)
    .option('--top <k>', 'leading singular values of stages, and vectors that are projected onto', wholeNumber(1), 10)
    .option('--eval-images <n>', 'test images for the accuracy of changed networks', wholeNumber(1), 1000)
    .option('--final-relu', 'the ReLU after the addition is part of the maps')
    .option('--no-pictures', 'leave the images out of the report: for data that must not be passed on')
    .option('--out <dir>', 'write report.html and result.json there; running again goes on where it stopped')
    .option('--dry-run', 'say what would be done and what it would cost, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: ReproduceStabilityOptions): Promise<void> {
  const { model, out } = options;
  const dataset = await loadTestImages(options);
  const fitted = fittedTo(model, dataset);
  const network = await loadNetwork({ ...options, ...fitted });
  const images = parseIndices(`0-${options.images - 1}`, dataset.count);
  const { seed } = options;
  const untrained = await untrainedControl({ network, dataset, images, seed, runtime: runtimeOf(options) });
  const parts = out === undefined ? undefined : join(out, 'parts');
  let pixels: readonly PerturbationPixels[] = [];
  await runMeasurement<Reproduction['plan'], ReproductionResult>(
    {
      label: 'reproduction',
      prepare: async (control) => {
        const reproduction = await Reproduction.prepare({
          ...options,
          ...control,
          network,
          untrained,
          dataset,
          images,
          evaluationImages: options.evalImages,
          finalRelu: options.finalRelu === true,
          runtime: runtimeOf(options),
          parts,
        });
        return {
          plan: reproduction.plan,
          run: async () => {
            for (const folder of parts ? Object.values(partFolders(parts)) : []) await makeFolder(folder);
            const found = await reproduction.run();
            if (options.pictures) pixels = found.pixels;
            return found.result;
          },
        };
      },
      parts: 'parts',
      estimate: ({ seconds, bytes, units }) =>
        `complete spectra of ${units.length} units, interventions, ${options.images} perturbed images: about ${formatDuration(seconds.total)}, up to ${formatBytes(bytes)} of memory`,
      details: ({ spectra, seconds }) => [
        ...spectra.map((b) => `${b.name} at image ${b.image}: ${b.method}, ${formatDuration(b.seconds)}`),
        `interventions: ${formatDuration(seconds.interventions)}`,
        `perturbations: ${formatDuration(seconds.perturbations)}`,
        `projections: ${formatDuration(seconds.projections)}`,
      ],
      table: (result) => reproductionTable(result),
      report:
        (pages) =>
        (result, { command }) =>
          pages.renderReproductionReport(result, { pixels, shape: dataset.shape, command }),
    },
    options,
  );
}
