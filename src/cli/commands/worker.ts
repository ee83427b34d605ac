import { Command } from 'commander';
import { mostThreads, studyRunKeys } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { folderName, textsOf, wholeNumber } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';

export function workerCommand(): Command {
  return new Command('worker')
    .description(commandSummaries.worker.summary)
    .requiredOption(
      '--queue <where>',
      'folder of a study that is handed out, which this machine sees as well, or redis://host:6379 (password in BALLAST_REDIS_PASSWORD)',
    )
    .option('--namespace <name>', 'of the keys in Redis (default: default)')
    .option('--redis-ca <file>', 'certificate that signs that of Redis, for rediss://')
    .option('--data <dirs...>', 'with Redis: folders of data, which are known by their content')
    .option('--shared <dirs...>', 'with Redis: folders that the coordinator sees as well, under the same path')
    .option('--scratch <dir>', 'with Redis: for files of trials whose study lies in no shared folder', folderName)
    .option('--max-parallel <n>', 'trials at a time; the threads are divided among them (default: 1)', wholeNumber(1))
    .option(
      '--threads <n>',
      'threads of all trials together (default: those that Slurm gives, else all cores)',
      wholeNumber(1, mostThreads),
    )
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option(
      '--gpus <list>',
      'graphics processors for commands, such as 0,1 (default: those that Slurm gives)',
      (text: string) => textsOf(studyRunKeys.gpus, text),
    )
    .option('--allow-commands', 'run commands of studies as well: whoever can write to the queue can run programs here')
    .option('--seconds <n>', 'then save what runs, give it back, and end', wholeNumber(1))
    .option('--until-idle', 'end when nothing waits, instead of looking again')
    .addHelpText(
      'after',
      exampleText(
        'ballast worker --queue /shared/study --until-idle',
        'ballast worker --queue rediss://queue.example.org:6379 --namespace lab --data /data --shared /shared',
      ),
    )
    .action(async (...given: Parameters<typeof import('./actions/worker.ts').worker>) =>
      (await import('./actions/worker.ts')).worker(...given),
    );
}
