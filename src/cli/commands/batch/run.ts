import { Command } from 'commander';
import { z } from 'zod';
import { studyFileKey, studyRunKeys } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addDryRun, addJson, addOut } from '../../flags/output-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { runRequest } from './options/run-options.ts';
import { batchSummaries } from './summaries.ts';

export function runBatchCommand(): Command {
  const command = new Command('run').description(batchSummaries.run);
  addRequestOptions(command, runRequest.extend({ study: studyFileKey }));
  addOut(command, 'the study on disk: study.sqlite and trials/ (required unless --dry-run)');
  return addJson(addDryRun(command))
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

/** How a study is run on this machine. */
export function addRunOptions(command: Command): Command {
  return addJson(addDryRun(addRequestOptions(command, z.object(studyRunKeys))));
}
