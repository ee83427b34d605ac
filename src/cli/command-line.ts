/** The command line of this process, run to its end. */

import type { Measurement } from '../app/measurements/index.ts';
import { loadExtensions } from '../base/extensions.ts';
import { isCommand, programFor } from './program.ts';
import { type RunningCommand, reportFailure } from './terminal/failure.ts';
import { guardOutput } from './terminal/guarded-output.ts';
import { guardStreams } from './terminal/streams.ts';

guardStreams();
guardOutput(process.stdout);
guardOutput(process.stderr);

/** Measurements of the user's own, which modules of theirs register. */
async function registered(): Promise<readonly Measurement[]> {
  if (!(await loadExtensions())) return [];
  return (await import('../app/measurements/index.ts')).ownMeasurements();
}

const given = process.argv.slice(2);
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
} catch (error) {
  process.exitCode = reportFailure(error, (line) => process.stderr.write(`${line}\n`), running);
}
