/** The whole command line. A command is loaded when it is asked for: all of them take a second. */
import { Command } from 'commander';
import type { Measurement } from '../app/measurements/index.ts';
import { version } from '../base/version.ts';
import { exampleText } from './flags/examples.ts';
import { prepared } from './prepared.ts';
import { type CommandName, commandSummaries } from './summaries.ts';

/** `part`: which of its own commands is asked for, for those that have some; all are loaded where it is undefined. */
type Loader = (part?: string) => Promise<Command>;

const measured = async (measurement: Measurement) =>
  (await import('./measurement-command.ts')).measurementCommand(measurement);

const loaders: Readonly<Record<CommandName, Loader>> = {
  spectrum: async () => measured((await import('../app/measurements/spectrum.ts')).spectrum),
  perturb: async () => measured((await import('../app/measurements/perturb.ts')).perturb),
  compare: async () => measured((await import('../app/measurements/compare.ts')).compare),
  intervene: async () => measured((await import('../app/measurements/intervene.ts')).intervene),
  curvature: async () => measured((await import('../app/measurements/curvature.ts')).curvature),
  convolutions: async () => measured((await import('../app/measurements/convolutions.ts')).convolutions),
  eigenvalues: async () => measured((await import('../app/measurements/eigenvalues.ts')).eigenvalues),
  alignment: async () => measured((await import('../app/measurements/alignment.ts')).alignment),
  tokens: async () => measured((await import('../app/measurements/tokens.ts')).tokens),
  reproduce: async (part) => (await import('./commands/reproduce/index.ts')).reproduceCommand(part),
  batch: async (part) => (await import('./commands/batch/index.ts')).batchCommand(part),
  train: async () => (await import('./commands/train.ts')).trainCommand(),
  worker: async () => (await import('./commands/worker.ts')).workerCommand(),
  queue: async (part) => (await import('./commands/queue/index.ts')).queueCommand(part),
  eval: async () => measured((await import('../app/measurements/eval.ts')).evaluation),
  serve: async () => (await import('./commands/serve.ts')).serveCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  units: async () => (await import('./commands/units.ts')).unitsCommand(),
  models: async () => (await import('./commands/models.ts')).modelsCommand(),
  datasets: async () => (await import('./commands/datasets.ts')).datasetsCommand(),
  schema: async () => (await import('./commands/schema.ts')).schemaCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(loadCommand),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
};

export const isCommand = (name: string | undefined): name is CommandName =>
  name !== undefined && Object.hasOwn(loaders, name);

/** The command of this name, loaded with all of its own. */
export const loadCommand = (name: CommandName): Promise<Command> => loaders[name]();

/** The commands that take an option, by their words: `compare`, `batch plan`. */
export async function commandsTaking(flag: string): Promise<string[]> {
  const within = (command: Command, path: string): string[] => [
    ...(command.options.some(({ long }) => long === flag) ? [path] : []),
    ...command.commands.flatMap((c) => within(c, `${path} ${c.name()}`)),
  ];
  const found = await Promise.all(
    Object.entries(loaders).map(async ([name, load]) => within(await (load as Loader)(), name)),
  );
  return found.flat();
}

/**
 * The program for a command line that begins with `first` and `part`: that command, and of the others what the help lists. `own`: measurements that were registered
 * beside those of Ballast; each is a command.
 */
export async function programFor(
  first: string | undefined,
  own: readonly Measurement[] = [],
  part = '',
): Promise<Command> {
  const program = new Command('ballast')
    .description('How stable is a trained network, and how big a batch is worth training it with?')
    .version(version)
    .showHelpAfterError('(ballast COMMAND --help lists the options)')
    .addHelpText('after', exampleText('ballast spectrum --model resnet20 --dataset shapes --units layer3.1'))
    .exitOverride();
  for (const [name, { group, summary }] of Object.entries(commandSummaries)) {
    const command =
      first === name && isCommand(name) ? await loaders[name](part) : new Command(name).description(summary);
    program.addCommand(prepared(command).helpGroup(group).exitOverride());
  }
  for (const measurement of own)
    program.addCommand(
      prepared(await measured(measurement))
        .helpGroup('Your own:')
        .exitOverride(),
    );
  return program;
}
