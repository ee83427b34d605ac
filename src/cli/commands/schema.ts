import { Command } from 'commander';
import type { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';
import { allKinds, jsonSchemaOf, kindNamed, kindsKind, requestSchemaOf, schemaRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';
import { printDocument } from '../terminal/print-document.ts';

export function schemaCommand(): Command {
  const command = new Command('schema').description(commandSummaries.schema.summary);
  return addRequestOptions(command, schemaRequest)
    .option('--json', 'the list as one JSON object')
    .addHelpText('after', exampleText('ballast schema spectrum > spectrum.schema.json'))
    .action(() => {
      const options = command.opts<{ json?: boolean }>();
      run(requestOf(command, schemaRequest), options);
    });
}

function run({ kind: name, request }: z.infer<typeof schemaRequest>, { json = false }: { json?: boolean }): void {
  const kinds = allKinds();
  if (name === undefined) {
    const listed = kinds.map(({ kind, version, summary }) => ({ kind, version, summary }));
    const width = Math.max(...kinds.map((k) => k.kind.length));
    const lines = listed.map(({ kind, version, summary }) => `${kind.padEnd(width)}  ${version}  ${summary}`);
    if (json) printDocument(kindsKind, null, { kinds: listed });
    else process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const kind = kindNamed(name);
  const names = kinds.map((k) => k.kind);
  if (!kind) throw new InputError('kind', `unknown "${name}"; expected ${names.join(', ')}${didYouMean(name, names)}`);
  process.stdout.write(`${JSON.stringify(request ? requestSchemaOf(kind) : jsonSchemaOf(kind), null, 2)}\n`);
}
