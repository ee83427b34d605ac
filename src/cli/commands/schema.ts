import { Command } from 'commander';
import { InputError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';
import { allKinds, jsonSchemaOf, kindNamed, kindsKind, requestSchemaOf } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { commandSummaries } from '../summaries.ts';
import { printDocument } from '../terminal/print-document.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .description(commandSummaries.schema.summary)
    .argument('[kind]', 'the one to print as JSON Schema 2020-12')
    .option('--request', 'the schema of its request, in which what has a default can be left out')
    .option('--json', 'the list as one JSON object')
    .addHelpText('after', exampleText('ballast schema spectrum > spectrum.schema.json'))
    .action(run);
}

function run(name: string | undefined, { request = false, json = false }: { request?: boolean; json?: boolean }): void {
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
