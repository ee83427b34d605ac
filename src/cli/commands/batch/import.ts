import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { folderName } from '../../flags/values.ts';
import { batchSummaries } from './summaries.ts';

const several = (value: string, before: readonly string[]) => [...before, value];

export function batchImportCommand(): Command {
  return new Command('import')
    .description(batchSummaries.import)
    .argument('<source>', 'a log, a folder of logs, or a folder dataset/model/optimizer/batch_size/trial')
    .option('--mapping <file>', 'YAML or JSON: what the options below say, and targets (docs/logs.md)')
    .option(
      '--map <quantity=name>',
      'the column, metric or setting that holds a quantity, e.g. valLoss=eval/loss',
      several,
      [],
    )
    .option(
      '--set <name=value>',
      'what no log says: batchSize, learningRate, seed, strategy, batchFactor (processes x accumulation), examples (of an epoch), parameters, model, dataset, hardware',
      several,
      [],
    )
    .option('--format <name>', 'how to read, where content does not tell: csv, json-lines, lines, ...')
    .option(
      '--pattern <regex>',
      'for printed lines: named groups are the values, e.g. "it (?<step>\\d+) L (?<loss>[0-9.]+)"',
    )
    .option('--names <regex>', 'groups batchSize, learningRate, seed, strategy in names of runs and folders')
    .option('--order <how>', 'rows whose steps go back: resumed (later ones count) or unsorted')
    .option('--restarts <how>', 'a run that begins again at its first step: same or new')
    .option(
      '--epochs <how>',
      'without steps, an epoch is the number that ended (from 0 on), or how many passed: ended or passed',
    )
    .option('--out <dir>', 'folder of the imported study (required unless --dry-run)', folderName)
    .option('--dry-run', 'say what was found, and write nothing')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText(
      'after',
      exampleText(
        'ballast batch import runs.csv --map trainLoss=loss --set batchSize=64 --out study',
        'ballast batch report study',
      ),
    )
    .action(async (...given: Parameters<typeof import('./actions/import.ts').run>) =>
      (await import('./actions/import.ts')).run(...given),
    );
}
