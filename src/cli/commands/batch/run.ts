import { Command } from 'commander';
import { mostThreads } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { folderName, wholeNumber } from '../../flags/values.ts';
import { gpuList } from './options/gpus.ts';
import { addQueueOptions } from './options/queue-options.ts';
import { batchSummaries } from './summaries.ts';

export function runBatchCommand(): Command {
  const command = new Command('run')
    .description(batchSummaries.run)
    .argument('<study.yaml>', 'the study: docs/batch-studies.md says what it has, `ballast batch schema` for editors')
    .option('--out <dir>', 'the study on disk: study.sqlite and trials/ (required unless --dry-run)', folderName);
  return addQueueOptions(addRunOptions(command))
    .addHelpText(
      'after',
      exampleText(
        'ballast batch run study.yaml --out study',
        'ballast batch run study.yaml --out study --queue slurm --partition gpu --time 2:00:00 --gpus-per-task 1',
      ),
    )
    .action(async (...given: Parameters<typeof import('./actions/run.ts').run>) =>
      (await import('./actions/run.ts')).run(...given),
    );
}

/** How a study is run. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'where the data lies, for workloads that name no folder')
    .option(
      '--max-parallel <n>',
      'trials at a time; the threads are divided among them (default: 1; with --gpus as many as they serve)',
      wholeNumber(1),
    )
    .option(
      '--gpus <list>',
      'graphics processors for commands, such as 0,1,2,3: each trial gets as many as its resources say',
      gpuList,
    )
    .option('--threads <n>', 'threads of all trials together (default: all cores)', wholeNumber(1, mostThreads))
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--extend', 'where the best rate lies on the edge of its grid, try more on that side, up to three')
    .option('--fail-fast', 'end with the first trial that fails')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there');
}
