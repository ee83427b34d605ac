import { Command } from 'commander';
import { mostThreads } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { wholeNumber } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';
import { gpuList } from './batch/options/gpus.ts';

export function workerCommand(): Command {
  return new Command('worker')
    .description(commandSummaries.worker.summary)
    .requiredOption('--queue <where>', 'folder of a study that is handed out, which this machine sees as well')
    .option('--max-parallel <n>', 'trials at a time; the threads are divided among them (default: 1)', wholeNumber(1))
    .option(
      '--threads <n>',
      'threads of all trials together (default: those that Slurm gives, else all cores)',
      wholeNumber(1, mostThreads),
    )
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--gpus <list>', 'graphics processors for commands, such as 0,1 (default: those that Slurm gives)', gpuList)
    .option('--allow-commands', 'run commands of studies as well: whoever can write to the queue can run programs here')
    .option('--seconds <n>', 'then save what runs, give it back, and end', wholeNumber(1))
    .option('--until-idle', 'end when nothing waits, instead of looking again')
    .addHelpText('after', exampleText('ballast worker --queue /shared/study --until-idle'))
    .action(async (...given: Parameters<typeof import('./actions/worker.ts').worker>) =>
      (await import('./actions/worker.ts')).worker(...given),
    );
}
