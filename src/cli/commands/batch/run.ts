import { Command } from 'commander';
import { z } from 'zod';
import { studyRunKeys } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addQueueOptions } from '../../flags/queue-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { folderName } from '../../flags/values.ts';
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
  return addRequestOptions(command, z.object(studyRunKeys))
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there');
}
