import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { batchSummaries } from './summaries.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .description(batchSummaries.schema)
    .addHelpText('after', exampleText('ballast batch schema > study.schema.json'))
    .action(async () => {
      const { studyJsonSchema } = await import('../../../app/study/index.ts');
      process.stdout.write(`${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
    });
}
