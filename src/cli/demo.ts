import { Command } from 'commander';
import { loadDataset } from '../data/index.ts';
import { loadNetwork } from '../models/index.ts';
import { wholeNumber } from './options.ts';
import { measureAndReport } from './spectrum-run.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description('The main job on data rendered on the spot: no downloads, a few minutes, a report at the end')
    .option('--out <dir>', 'where the report goes', 'out/demo')
    .option('--seed <n>', 'seed of the weights and of the images', wholeNumber(0), 0)
    .action(run);
}

async function run({ out, seed }: { out: string; seed: number }): Promise<void> {
  process.stdout.write(
    'Ballast demo: residual units and stages of a ResNet-20, linearized at two images of the procedural data set "shapes".\n' +
      'The network is freshly initialised, not trained: its spectra show the method, not what training does.\n',
  );
  const dataset = await loadDataset({ name: 'shapes', split: 'test', seed });
  const network = await loadNetwork({ model: 'resnet20', weights: 'random', seed });
  await measureAndReport(
    {
      network,
      dataset,
      images: [0, 1],
      units: 'layer2.2,layer3.0,layer3.1,layer3.2',
      stages: true,
      finalRelu: false,
      method: 'auto',
      top: 10,
      seed,
    },
    { out, json: false, dryRun: false },
  );
}
