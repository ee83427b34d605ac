import { Command } from 'commander';
import { studyJsonSchema } from '../../batch/index.ts';

export function schemaCommand(): Command {
  return new Command('schema').description('Print the JSON Schema of study files, for editors').action(() => {
    process.stdout.write(`${JSON.stringify(studyJsonSchema(), null, 2)}\n`);
  });
}
