import { Command } from 'commander';
import { studyJsonSchema } from '../../../study/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { batchSummaries } from './summaries.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .description(batchSummaries.schema)
    .addHelpText('after', exampleText('ballast batch schema > study.schema.json'))
    .action(() => {
      process.stdout.write(`${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
    });
}
