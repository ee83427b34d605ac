import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { openOutput } from '../../app/index.ts';
import { importStudy, measuredFile, parseMapping } from '../../batch/import/index.ts';
import { boundedYaml, type YamlProblem } from '../../batch/index.ts';
import { FileError } from '../../errors.ts';
import { readBytes, writeFileAtomic } from '../../formats/index.ts';
import { formatCount } from '../../report/index.ts';
import { folderName } from '../options.ts';
import { runningCommand } from '../output-folder.ts';

interface ImportOptions {
  readonly mapping?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function batchImportCommand(): Command {
  return new Command('import')
    .description('Measurements of others as a study that `batch report` reads: CSV logs, or the published layout')
    .argument('<source>', 'a CSV log, or a folder dataset/model/optimizer/batch_size/trial')
    .option(
      '--mapping <file>',
      'YAML or JSON: columns, model, dataset, examples, strategies, targets (docs/batch-analysis.md)',
    )
    .option('--out <dir>', 'folder of the imported study (required unless --dry-run)', folderName)
    .option('--dry-run', 'say what was found, and write nothing')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
}

async function readMapping(path: string) {
  const text = Buffer.from(await readBytes(path, 'a mapping in YAML or JSON')).toString('utf8');
  const content = boundedYaml(text);
  if ('problems' in content) {
    const [{ line, message }] = content.problems as [YamlProblem];
    throw new FileError(path, `line ${line}: ${message}`);
  }
  return parseMapping(content.value ?? {});
}

async function run(source: string, options: ImportOptions, command: Command): Promise<void> {
  const { mapping, out, dryRun = false, json = false } = options;
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  const study = await importStudy(source, mapping === undefined ? {} : await readMapping(mapping));
  if (out !== undefined && !dryRun) {
    // A mapping that is bettered is the same import.
    const folder = await openOutput(
      out,
      { kind: 'batch import', request: { source: resolve(source) } },
      runningCommand(),
    );
    try {
      await writeFileAtomic(join(out, measuredFile), JSON.stringify(study));
    } finally {
      folder.release();
    }
  }
  const found = study.workloads.map((w) => {
    const own = study.trials.filter((t) => t.workload === w.name);
    return {
      workload: w.name,
      strategies: [...new Set(own.map((t) => t.strategy))],
      batchSizes: [...new Set(own.map((t) => t.batchSize))].sort((a, b) => a - b),
      trials: own.length,
      measurements: own.reduce((n, t) => n + t.measurements.length, 0),
      targets: w.targets.map((t) => t.name),
    };
  });
  if (json) {
    process.stdout.write(`${JSON.stringify({ study: study.name, workloads: found })}\n`);
    return;
  }
  for (const w of found)
    process.stdout.write(
      `${w.workload}: ${formatCount(w.trials)} trials, ${formatCount(w.measurements)} measurements; batch ${w.batchSizes.join(', ')}; ${w.strategies.join(', ')}; targets: ${w.targets.join(', ') || 'none'}\n`,
    );
}
