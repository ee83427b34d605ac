#!/usr/bin/env node
import { Command } from 'commander';
import { version } from '../version.ts';
import { reportFailure } from './failure.ts';
import { guardOutput } from './guarded-output.ts';
import { guardStreams } from './streams.ts';

guardStreams();
guardOutput(process.stdout);
guardOutput(process.stderr);

/** The commands in the order of the help. A module is loaded when its command is asked for: all of them take a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  spectrum: async () => (await import('./spectrum.ts')).spectrumCommand(),
  perturb: async () => (await import('./perturb.ts')).perturbCommand(),
  intervene: async () => (await import('./intervene.ts')).interveneCommand(),
  curvature: async () => (await import('./curvature.ts')).curvatureCommand(),
  convolutions: async () => (await import('./convolutions.ts')).convolutionsCommand(),
  eigenvalues: async () => (await import('./eigenvalues.ts')).eigenvaluesCommand(),
  alignment: async () => (await import('./alignment.ts')).alignmentCommand(),
  reproduce: async () => (await import('./reproduce/index.ts')).reproduceCommand(),
  batch: async () => (await import('./batch/index.ts')).batchCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  eval: async () => (await import('./eval.ts')).evalCommand(),
  units: async () => (await import('./units.ts')).unitsCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  datasets: async () => (await import('./datasets.ts')).datasetsCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
};

/** Those that the first word needs: help and a mistyped name need all of them. */
function wanted(first: string | undefined): readonly string[] {
  if (first !== undefined && Object.hasOwn(commands, first)) return [first];
  return first === '--version' || first === '-V' ? [] : Object.keys(commands);
}

const program = new Command('ballast')
  .description('How stable is a trained network, and how big a batch is worth training it with?')
  .version(version)
  .showHelpAfterError('(ballast COMMAND --help lists the options)')
  .exitOverride();

try {
  for (const name of wanted(process.argv[2])) {
    program.addCommand((await commands[name]!()).exitOverride());
  }
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, (line) => process.stderr.write(`${line}\n`));
}
