import { Command } from 'commander';
import { commandSummaries } from './summaries.ts';
export const reportCommand = () => new Command('report').description(commandSummaries.report.summary);
