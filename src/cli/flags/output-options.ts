/** Options that are about what a command prints and where it writes, and no part of what is asked for. */
import type { Command } from 'commander';
import { folderName } from './values.ts';

/** `--json`. */
export const addJson = (command: Command): Command =>
  command.option('--json', 'print one JSON object on standard output and nothing else there');

/** `--dry-run`. */
export const addDryRun = (command: Command, what = 'say what would be done, and stop'): Command =>
  command.option('--dry-run', what);

/** `--out`, a folder. */
export const addOut = (command: Command, what: string): Command => command.option('--out <dir>', what, folderName);
