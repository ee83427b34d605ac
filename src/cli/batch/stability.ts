import { join } from 'node:path';
import { Command } from 'commander';
import { parseIndices } from '../../data/index.ts';
import { StudyStabilityMeasurement } from '../../joint/index.ts';
import { formatDuration, studyStabilityTable } from '../../report/index.ts';
import { type OutputOptions, runMeasurement } from '../measurement-run.ts';
import {
  addDeviceOptions,
  addOutputOptions,
  type DeviceOptions,
  pixelLengths,
  runtimeOf,
  seedOption,
  wholeNumber,
} from '../options.ts';

interface StabilityOptions extends DeviceOptions, OutputOptions {
  readonly data?: string;
  readonly workloads?: string;
  readonly all?: boolean;
  readonly images: string;
  readonly eps: readonly number[];
  readonly steps: number;
  readonly spectrumImages: number;
  readonly seed: number;
}

export function batchStabilityCommand(): Command {
  const command = new Command('stability')
    .description(
      'The networks that a study trained, compared: singular values, growth of perturbations and adversarial accuracy against batch size and strategy',
    )
    .argument('<dir>', 'folder of a study of `ballast batch run`');
  addDeviceOptions(command)
    .option('--data <dir>', 'folder of the data (default: where the study found it)')
    .option('--workloads <names>', 'only these, separated by commas (default: all that classify images)')
    .option('--all', 'also the rates that were not the best of their strategy and batch size')
    .option('--images <list>', 'positions in the held-out data, e.g. 0-99', '0-99')
    .option('--eps <list>', 'linf radii of PGD in pixel units; growth is that of the first', pixelLengths, [
      1 / 255,
      2 / 255,
      4 / 255,
    ])
    .option('--steps <n>', 'steps of PGD', wholeNumber(1), 10)
    .option('--spectrum-images <n>', 'largest singular values at the first so many images (0: none)', wholeNumber(0), 4)
    .addOption(seedOption());
  return addOutputOptions(command).action(run);
}

async function run(folder: string, options: StabilityOptions): Promise<void> {
  const { data, workloads, all = false, eps, steps, spectrumImages, seed } = options;
  const out = options.out ?? join(folder, 'stability');
  await runMeasurement(
    {
      label: 'stability of a study',
      parts: 'models',
      prepare: (control) =>
        StudyStabilityMeasurement.prepare({
          folder,
          data,
          workloads: workloads?.split(',').map((w) => w.trim()),
          all,
          images: parseIndices(options.images, Number.MAX_SAFE_INTEGER),
          eps,
          steps,
          spectrumImages,
          seed,
          runtime: runtimeOf(options),
          parts: join(out, 'models'),
          ...control,
        }),
      estimate: (plan) =>
        `${plan.models} network${plan.models === 1 ? '' : 's'}: about ${formatDuration(plan.seconds)}`,
      details: (plan) => [
        ...plan.workloads.map(
          (w) => `${w.name}: ${w.models} network${w.models === 1 ? '' : 's'}, ${formatDuration(w.seconds)}`,
        ),
        ...plan.skipped.map(({ what, why }) => `left out: ${what} ${why}`),
      ],
      table: studyStabilityTable,
      report: (pages) => pages.renderStudyStabilityReport,
    },
    { ...options, out },
  );
}
