/** The command line of this process, run to its end. */
import { loadExtensions } from '../base/extensions.ts';
import type { Measurement } from '../instrument/index.ts';
import { isCommand, programFor } from './program.ts';
import { type RunningCommand, reportFailure } from './terminal/failure.ts';
import { guardOutput } from './terminal/guarded-output.ts';
import { guardStreams } from './terminal/streams.ts';

guardStreams();
guardOutput(process.stdout);
guardOutput(process.stderr);

/** Measurements of the user's own, which modules of theirs register. */
async function ownMeasurements(): Promise<readonly Measurement[]> {
  if (!(await loadExtensions())) return [];
  const { allMeasurements } = await import('../instrument/index.ts');
  const found = [...allMeasurements()];
  const builtIn = new Set<unknown>(Object.values((await import('../app/measurements/index.ts')).builtIn));
  return found.filter((measurement) => !builtIn.has(measurement));
}

const given = process.argv.slice(2);
// `ballast help spectrum` is about spectrum; of a command that there is none of, its own message is said.
const words = given[0] === 'help' && given[1] !== undefined && !isCommand(given[1]) ? given.slice(1) : given;
const [first, ...more] = words[0] === 'help' && isCommand(words[1]) ? words.slice(1) : words;
const part = more[0] === 'help' ? more[1] : more[0];

let running: RunningCommand = { options: new Set() };

try {
  const program = await programFor(first, await ownMeasurements(), part);
  program.hook('preAction', (_, command) => {
    const { out } = command.opts<{ out?: unknown }>();
    const options = new Set(command.options.flatMap(({ long }) => (long ? [long] : [])));
    running = { options, ...(typeof out === 'string' ? { out } : {}) };
  });
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = reportFailure(error, (line) => process.stderr.write(`${line}\n`), running);
}
