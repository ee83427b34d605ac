import { Command } from 'commander';
import { mostThreads, studyRunKind } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { requiredOut } from '../../flags/options.ts';
import { folderName, wholeNumber } from '../../flags/values.ts';
import { interruptedExitCode } from '../../terminal/failure.ts';
import { printDocument } from '../../terminal/print-document.ts';
import { computeShown, layingOutListed } from './compute-study.ts';
import { dryRun } from './dry-run.ts';
import { gpuList } from './gpus.ts';
import type { RunOptions } from './run-options.ts';
import { batchSummaries } from './summaries.ts';
import { countsText, edgeText } from './texts.ts';

export function runBatchCommand(): Command {
  const command = new Command('run')
    .description(batchSummaries.run)
    .argument('<study.yaml>', 'the study: docs/batch-studies.md says what it has, `ballast batch schema` for editors')
    .option('--out <dir>', 'the study on disk: study.sqlite and trials/ (required unless --dry-run)', folderName);
  return addRunOptions(command)
    .addHelpText('after', exampleText('ballast batch run study.yaml --out study'))
    .action(run);
}

/** How a study is run. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'where the data lies, for workloads that name no folder')
    .option(
      '--max-parallel <n>',
      'trials at a time; the threads are divided among them (default: 1; with --gpus as many as they serve)',
      wholeNumber(1),
    )
    .option(
      '--gpus <list>',
      'graphics processors for commands, such as 0,1,2,3: each trial gets as many as its resources say',
      gpuList,
    )
    .option('--threads <n>', 'threads of all trials together (default: all cores)', wholeNumber(1, mostThreads))
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--extend', 'where the best rate lies on the edge of its grid, try more on that side, up to three')
    .option('--fail-fast', 'end with the first trial that fails')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there');
}

async function run(path: string, options: RunOptions, command: Command): Promise<void> {
  const { json = false } = options;
  const out = requiredOut(options, command);
  const layOut = await layingOutListed(path, options);
  if (out === undefined || options.dryRun) return dryRun(path, layOut, options);
  const { name, status, counts, edges } = await computeShown(layOut, { ...options, out });
  if (json) printDocument(studyRunKind, { study: path, folder: out }, { study: name, status, trials: counts, edges });
  else {
    process.stdout.write(`${name}: ${countsText(counts)}\n`);
    for (const edge of edges) process.stderr.write(`warning: ${edgeText(edge)}\n`);
  }
  if (status === 'interrupted') {
    process.stderr.write('interrupted; the same command goes on\n');
    process.exitCode = interruptedExitCode;
  } else if (counts.failed > 0) process.exitCode = 1;
}
