#!/usr/bin/env node
import { Command } from 'commander';
import { version } from '../version.ts';
import { alignmentCommand } from './alignment.ts';
import { batchCommand } from './batch/index.ts';
import { convolutionsCommand } from './convolutions.ts';
import { curvatureCommand } from './curvature.ts';
import { datasetsCommand } from './datasets.ts';
import { demoCommand } from './demo.ts';
import { eigenvaluesCommand } from './eigenvalues.ts';
import { evalCommand } from './eval.ts';
import { reportFailure } from './failure.ts';
import { interveneCommand } from './intervene.ts';
import { modelsCommand } from './models.ts';
import { perturbCommand } from './perturb.ts';
import { reproduceCommand } from './reproduce/index.ts';
import { spectrumCommand } from './spectrum.ts';
import { trainCommand } from './train.ts';
import { unitsCommand } from './units.ts';

/** A reader that goes away (`ballast ... | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = new Command('ballast')
  .description('How stable is a trained network, and how big a batch is worth training it with?')
  .version(version)
  .showHelpAfterError('(ballast COMMAND --help lists the options)')
  .exitOverride();
const commands = [
  spectrumCommand(),
  perturbCommand(),
  interveneCommand(),
  curvatureCommand(),
  convolutionsCommand(),
  eigenvaluesCommand(),
  alignmentCommand(),
  reproduceCommand(),
  batchCommand(),
  trainCommand(),
  evalCommand(),
  unitsCommand(),
  modelsCommand(),
  datasetsCommand(),
  demoCommand(),
];
for (const command of commands) {
  program.addCommand(command.exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, (line) => process.stderr.write(`${line}\n`));
}
