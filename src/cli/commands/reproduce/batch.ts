import { Command, InvalidArgumentError } from 'commander';
import { bundledStudyNames } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { folderName } from '../../flags/values.ts';
import { addRunOptions } from '../batch/run.ts';
import { reproduceSummaries } from './summaries.ts';

function namesOf(text: string): (typeof bundledStudyNames)[number][] {
  const names = text.split(',').map((part) => part.trim());
  const wrong = names.find((n) => !(bundledStudyNames as readonly string[]).includes(n));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`expected some of ${bundledStudyNames.join(', ')}, got "${wrong}".`);
  return [...new Set(names)] as (typeof bundledStudyNames)[number][];
}

export function reproduceBatchCommand(): Command {
  const command = new Command('batch')
    .description(reproduceSummaries.batch)
    .option('--studies <names>', `some of ${bundledStudyNames.join(', ')}; only shapes needs no data`, namesOf, [
      ...bundledStudyNames,
    ])
    .option(
      '--out <dir>',
      'a folder for each study, and index.html over all of them (required unless --dry-run)',
      folderName,
    );
  return addRunOptions(command)
    .addHelpText('after', exampleText('ballast reproduce batch --data data --out out/batch'))
    .action(async (...given: Parameters<typeof import('./actions/batch.ts').run>) =>
      (await import('./actions/batch.ts')).run(...given),
    );
}
