/** What all commands have in common and commander does otherwise. */
import type { Command } from 'commander';

/** Defaults as one would type them, and a mistyped option is said before the one that is missing for it. The same for commands within. */
export function prepared(command: Command): Command {
  for (const option of command.options) {
    const { defaultValue: usual } = option;
    if (typeof usual === 'string') option.defaultValueDescription ??= usual;
    if (Array.isArray(usual)) option.defaultValueDescription ??= usual.length === 0 ? 'none' : usual.join(',');
  }
  const needed = command.options.filter(({ mandatory }) => mandatory);
  // Commander asks for these before it looks at what it does not know.
  for (const option of needed) option.mandatory = false;
  command.hook('preAction', (_, acting) => {
    const missing = acting === command && needed.find((o) => command.getOptionValue(o.attributeName()) === undefined);
    if (missing) command.error(`error: required option '${missing.flags}' not specified`);
  });
  command.commands.forEach(prepared);
  return command;
}
