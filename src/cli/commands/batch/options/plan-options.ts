import type { Command } from 'commander';
import { InputError } from '../../../../base/errors.ts';

/** What says which training of ours is planned for: not asked for where a command trains. */
export const ofRuns: readonly string[] = ['model', 'dataset'];
const ofCommands = ['command', 'workload', 'parameters'];
const ofBoth = [
  ...['steps', 'timing', 'batchSizes', 'against', 'devices', 'bandwidth', 'latency', 'price'],
  ...['threads', 'out', 'resume', 'dryRun', 'json'],
];

/** That a plan for a training of ours says which, and nothing of a command. Throws InputError. */
export function requireRunOptions(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const isSet = command.getOptionValue(name) !== undefined;
    if (ofRuns.includes(name) && !isSet) command.error(`error: required option '${option.flags}' not specified`);
    if (ofCommands.includes(name) && isSet) throw new InputError(name, 'goes with a command');
  }
}

/** That a plan for a command is told nothing that its study file says. Throws InputError. */
export function refuseRunOptions(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (![...ofCommands, ...ofBoth].includes(name) && command.getOptionValueSource(name) === 'cli')
      throw new InputError(name, 'does not go with a command, whose study file says what it is trained with');
  }
}
