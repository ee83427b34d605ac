import { Command } from 'commander';
import { commandSummaries } from './summaries.ts';
export const completionCommand = () => new Command('completion').description(commandSummaries.completion.summary);
