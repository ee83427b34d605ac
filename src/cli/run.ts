/** A command line from its words to its exit code. */

import { CommanderError } from 'commander';
import type { Measurement } from '../app/measurements/index.ts';
import { loadExtensions } from '../base/extensions.ts';
import { commandsTaking, isCommand, programFor } from './program.ts';
import { type RunningCommand, reportFailure } from './terminal/failure.ts';

/** Measurements of the user's own, which modules of theirs register. */
async function registered(): Promise<readonly Measurement[]> {
  if (!(await loadExtensions())) return [];
  return (await import('../app/measurements/index.ts')).ownMeasurements();
}

/** Commands that a hint has room for. */
const mostNamed = 4;

/** Which commands take an option that the one that was asked for does not; nothing where it was a slip of the hand, or all do. */
async function elsewhere(error: unknown): Promise<string | undefined> {
  if (!(error instanceof CommanderError) || error.code !== 'commander.unknownOption') return undefined;
  const flag = /'(--[\w-]+)/.exec(error.message)?.[1];
  if (flag === undefined || error.message.includes('Did you mean')) return undefined;
  // What keeps another command from being loaded is no matter of this one.
  const takers = await commandsTaking(flag).catch((): string[] => []);
  return takers.length === 0 || takers.length > mostNamed
    ? undefined
    : `(${flag} is an option of ${takers.map((name) => `ballast ${name}`).join(', ')})`;
}

/**
 * Runs the command that `given` asks for to its end. Returns the exit code of one that failed, or only told of itself, and undefined otherwise: then what the
 * command has put into `process.exitCode` counts.
 */
export async function runCommandLine(given: readonly string[]): Promise<number | undefined> {
  // `ballast help spectrum` is about spectrum; of a command that there is none of, its own message is said.
  const words = given[0] === 'help' && given[1] !== undefined && !isCommand(given[1]) ? given.slice(1) : given;
  const [first, ...more] = words[0] === 'help' && isCommand(words[1]) ? words.slice(1) : words;
  const part = more[0] === 'help' ? more[1] : more[0];

  let running: RunningCommand = { options: new Set() };

  try {
    const program = await programFor(first, await registered(), part);
    program.hook('preAction', (_, command) => {
      const { out } = command.opts<{ out?: unknown }>();
      const options = new Set(command.options.flatMap(({ long }) => (long ? [long] : [])));
      running = { options, ...(typeof out === 'string' ? { out } : {}) };
    });
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    const write = (line: string) => process.stderr.write(`${line}\n`);
    const hint = await elsewhere(error);
    if (hint !== undefined) write(hint);
    return reportFailure(error, write, running);
  }
}
