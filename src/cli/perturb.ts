import { join } from 'node:path';
import { Command, Option } from 'commander';
import { parseIndices } from '../data/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { loadNetwork } from '../models/index.ts';
import { createProgress, perturbationTable } from '../report/index.ts';
import {
  type AttackName,
  attackNames,
  defaultRadii,
  gradientsOf,
  measurePerturbations,
  type Noise,
  type Norm,
  noiseNames,
  type PerturbationRequest,
  perturbationCache,
  requirePossible,
  untrainedControl,
} from '../stability/index.ts';
import { fittedTo } from '../train/index.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  addNetworkOptions,
  type DatasetOptions,
  type DeviceOptions,
  type NetworkOptions,
  pixelLength,
  pixelLengths,
  runtimeOf,
  wholeNumber,
} from './options.ts';
import { loadTestImages } from './test-set.ts';

interface PerturbOptions extends NetworkOptions, DatasetOptions, DeviceOptions {
  readonly images: string;
  readonly attack: AttackName;
  readonly norm: Norm;
  readonly eps?: readonly number[];
  readonly steps: number;
  readonly stepSize?: number;
  readonly restarts: number;
  readonly randomStart?: boolean;
  readonly target?: string;
  readonly noise: Noise;
  readonly layer?: string;
  readonly project?: boolean;
  readonly projectionSteps: number;
  readonly top: number;
  readonly finalRelu?: boolean;
  readonly untrained: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export function perturbCommand(): Command {
  const command = new Command('perturb').description(
    'Random and adversarial perturbations of images: accuracy under attack, growth through the network, energies on singular vectors',
  );
  addDeviceOptions(addDatasetOptions(addNetworkOptions(command)))
    .option('--images <list>', 'positions in the test set, e.g. 0,7,4321 or 0-199', '0-99')
    .addOption(
      new Option(
        '--attack <name>',
        'fgsm, pgd and apgd keep to a radius; deepfool and cw (Carlini-Wagner, l2) look for the smallest',
      )
        .choices(attackNames)
        .default('pgd'),
    )
    .addOption(new Option('--norm <norm>', 'of radii and steps').choices(['linf', 'l2']).default('linf'))
    .option(
      '--eps <list>',
      'radii in pixel units, e.g. 2/255 or 1/255,4/255; the first is followed through the network (default: 2/255 in linf, 0.5 in l2)',
      pixelLengths,
    )
    .option('--steps <n>', 'steps of the attack', wholeNumber(1), 10)
    .option(
      '--step-size <length>',
      'length of a step (default: a quarter of each radius; for cw the rate of Adam, 0.01)',
      pixelLength,
    )
    .option('--restarts <n>', 'tries, all but the first from random points', wholeNumber(1), 1)
    .option('--random-start', 'the first try begins at a random point of the ball, too')
    .option('--target <class>', 'aim at next, random, least-likely or a class number (default: any wrong class)')
    .addOption(new Option('--noise <kind>', 'of the random control').choices([...noiseNames]).default('gaussian'))
    .option('--layer <unit>', 'perturbations enter at the input of this unit instead of at the image')
    .option('--project', 'energies on the singular vectors of all units and stages')
    .option('--projection-steps <n>', 'Golub-Kahan steps of a projection', wholeNumber(2), 40)
    .option('--top <k>', 'also energies on the k leading singular vectors (0: leave them out)', wholeNumber(0), 10)
    .option('--final-relu', 'projections are onto maps with the ReLU after the last addition')
    .option('--no-untrained', 'leave out the control on an untrained network')
    .option('--out <dir>', 'write report.html and result.json there; running again goes on where it stopped')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: PerturbOptions): Promise<void> {
  const { attack, norm, model, out, json = false, seed } = options;
  const dataset = await loadTestImages(options);
  const images = parseIndices(options.images, dataset.count);
  const fitted = fittedTo(model, dataset);
  const network = await loadNetwork({ ...options, ...fitted });
  const untrained = options.untrained
    ? await untrainedControl({ network, dataset, images, seed, runtime: runtimeOf(options) })
    : undefined;
  const radii = options.eps ?? defaultRadii(attack, norm);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  const progress = createProgress({
    stream: process.stderr,
    label: 'perturbations',
    quiet: json && !process.stderr.isTTY,
  });
  const base: PerturbationRequest = {
    network,
    dataset,
    images,
    attack,
    norm,
    radii,
    steps: options.steps,
    stepSize: options.stepSize,
    restarts: options.restarts,
    randomStart: options.randomStart === true,
    target: options.target,
    noise: options.noise,
    layer: options.layer,
    untrained,
    ...(options.project
      ? { project: { steps: options.projectionSteps, top: options.top, finalRelu: options.finalRelu === true } }
      : {}),
    seed,
    runtime: runtimeOf(options),
    signal: stop.signal,
    onProgress: (fraction, detail) => progress.update(fraction, detail),
  };
  requirePossible(base);
  if (options.dryRun) {
    const plan = {
      images: images.length,
      attack,
      radii,
      gradients: gradientsOf(base),
      projections: options.project === true,
    };
    process.stdout.write(
      json
        ? `${JSON.stringify(plan)}\n`
        : `${attack} on ${images.length} images at ${radii.length || 'no'} radi${radii.length === 1 ? 'us' : 'i'}: at most ${plan.gradients} gradients${options.project ? ', projections onto every unit and stage' : ''}\n`,
    );
    return;
  }
  const request = out === undefined ? base : { ...base, cache: perturbationCache(out, base) };
  if (out !== undefined) await makeFolder(join(out, 'projections'));
  process.once('SIGINT', interrupt);
  try {
    const { result, pixels } = await measurePerturbations(request);
    progress.finish();
    if (out !== undefined) {
      await writeFileAtomic(join(out, 'result.json'), JSON.stringify(result));
      const command = `ballast ${process.argv.slice(2).join(' ')}`;
      const { renderPerturbationReport } = await import('../report/pages.ts');
      const page = renderPerturbationReport(result, { pixels, shape: dataset.shape, command });
      await writeFileAtomic(join(out, 'report.html'), page);
    }
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else {
      process.stdout.write(`${perturbationTable(result)}\n`);
      if (out !== undefined) process.stdout.write(`\nreport: ${join(out, 'report.html')}\n`);
    }
  } finally {
    process.off('SIGINT', interrupt);
    progress.finish();
  }
}
