import { Command } from 'commander';
import { studyJsonSchema } from '../../../study/index.ts';
import { batchSummaries } from './summaries.ts';

export function schemaCommand(): Command {
  return new Command('schema').description(batchSummaries.schema).action(() => {
    process.stdout.write(`${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
  });
}
