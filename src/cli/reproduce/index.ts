import { Command } from 'commander';
import { reproduceStability } from '../../app/measurements/reproduce-stability.ts';
import { measurementCommand } from '../measurement-command.ts';
import { commandSummaries } from '../summaries.ts';
import { reproduceBatchCommand } from './batch.ts';

export function reproduceCommand(): Command {
  return new Command('reproduce')
    .description(commandSummaries.reproduce.summary)
    .addCommand(measurementCommand(reproduceStability).exitOverride())
    .addCommand(reproduceBatchCommand().exitOverride());
}
