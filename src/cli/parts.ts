/** Commands of a command, loaded when they are asked for. */
import { Command } from 'commander';

/** What each command is, in a line, and how it is loaded. */
export type Parts<Name extends string> = Readonly<Record<Name, () => Promise<Command>>>;

/**
 * Adds commands to a command. `word`: the one that is asked for; of the others the help lists what they are for. All are loaded where it is undefined.
 */
export async function addParts<Name extends string>(
  command: Command,
  summaries: Readonly<Record<Name, string>>,
  parts: Parts<Name>,
  word: string | undefined,
): Promise<Command> {
  for (const name of Object.keys(parts) as Name[]) {
    const asked = word === undefined || word === name;
    const part = asked ? await parts[name]() : new Command(name).description(summaries[name]);
    command.addCommand(part.exitOverride());
  }
  return command;
}
