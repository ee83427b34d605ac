/** What commands are asked for is described once, by schemas: options that are written by hand are about output alone. */
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { isOfRequest } from '../../src/cli/flags/request-options.ts';
import { flagOf } from '../../src/cli/flags/setting-options.ts';
import { loadCommand } from '../../src/cli/program.ts';
import { type CommandName, commandSummaries } from '../../src/cli/summaries.ts';
import { trainingSettings } from '../../src/train/index.ts';

/** About what is printed, what is written and whether; and what a terminal shows again and again. */
const ofOutput = ['--out', '--json', '--dry-run', '--resume', '--watch'];

/** Settings of a training that need flags of their own, and the length of a training in epochs or steps. */
const ofTraining = ['--micro-batch', '--ghost-batch', '--epochs', '--max-steps', '--grow-at', '--grow-batch'];

function withParts(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withParts)];
}

it('every option and argument of every command is that of a request, or of a setting of a training', async () => {
  const settings = new Set(
    Object.keys(trainingSettings).flatMap((name) => [flagOf(name), flagOf(name).replace('--', '--no-')]),
  );
  const names = Object.keys(commandSummaries) as CommandName[];
  const commands = (await Promise.all(names.map(loadCommand))).flatMap(withParts);
  expect(commands.length).toBeGreaterThan(40);
  let described = 0;
  const others: string[] = [];
  for (const command of commands) {
    const trains = command.options.some(({ long }) => long === '--batch-size');
    for (const option of command.options) {
      if (isOfRequest(option)) described++;
      else if (option.hidden && option.long!.startsWith('--no-')) continue;
      else if (ofOutput.includes(option.long!)) continue;
      else if (trains && (settings.has(option.long!) || ofTraining.includes(option.long!))) continue;
      else others.push(`${command.name()} ${option.flags}`);
    }
    for (const argument of command.registeredArguments)
      if (!isOfRequest(argument)) others.push(`${command.name()} ${argument.name()}`);
  }
  expect(described).toBeGreaterThan(250);
  expect(others).toEqual([]);
});
