import { Command } from 'commander';
import { reproduceBatchCommand } from './batch.ts';
import { reproduceStabilityCommand } from './stability.ts';

export function reproduceCommand(): Command {
  return new Command('reproduce')
    .description('The figures of a paper, measured on a network or study of yours')
    .addCommand(reproduceStabilityCommand().exitOverride())
    .addCommand(reproduceBatchCommand().exitOverride());
}
