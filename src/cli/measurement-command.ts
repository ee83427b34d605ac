/** The command of a measurement: its options and help from its description, its run from `app/`. */
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import type { Measurement } from '../app/measurements/index.ts';
import { measurementPlanKind, type QueueRequest, queueKeysOf } from '../schema/index.ts';
import { addDryRun, addJson, addOut } from './flags/output-options.ts';
import { addRequestOptions, requestFrom, wordsOf } from './flags/request-options.ts';
import { listenForInterrupts } from './terminal/interrupts.ts';
import { commandLine } from './terminal/invocation.ts';
import { noteToUser } from './terminal/notes.ts';
import { printDocument } from './terminal/print-document.ts';

/** Where results go. */
function addOutputOptions(command: Command, { parts }: Measurement): Command {
  const resumed = parts === undefined ? '' : '; running again goes on where it stopped';
  addOut(command.optionsGroup('Output:'), `write result.json and what goes with it there${resumed}`);
  return addJson(addDryRun(command, 'say what would be done and what it would cost, and stop'));
}

interface OutputOptions extends Partial<QueueRequest> {
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** The command line of a request: what one would type. */
export const commandLineOf = (
  { kind, command = [kind.kind] }: Measurement,
  request: Readonly<Record<string, unknown>>,
) => ['ballast', ...command, ...wordsOf(kind.request, request)].join(' ');

/** Examples below the options. */
const examplesText = (measurement: Measurement) =>
  measurement.examples
    .map(({ what, request }) => `\n  ${what}:\n    $ ${commandLineOf(measurement, request)}`)
    .join('');

/** Where a measurement writes when it is not told: beside what it is about, for those that are about a folder. */
type UsualFolder = (request: Readonly<Record<string, unknown>>) => string | undefined;

export function measurementCommand(measurement: Measurement, usualFolder: UsualFolder = () => undefined): Command {
  const { kind, command: words = [kind.kind] } = measurement;
  const command = new Command(words.at(-1)!).description(kind.summary);
  addOutputOptions(addRequestOptions(command, kind.request), measurement);
  if (measurement.pieces !== undefined)
    addRequestOptions(command.optionsGroup('Beyond this machine:'), z.object(queueKeysOf('pieces')));
  command.addHelpText('after', `\nExamples:${examplesText(measurement)}`);
  return command.action(async () => {
    const options = command.opts<OutputOptions & Record<string, unknown>>();
    const request = requestFrom(kind.request, options, command.processedArgs);
    const out = options.out ?? usualFolder(request);
    await run(measurement, request, { ...options, ...(out === undefined ? {} : { out }) });
  });
}

/** Measures with an estimate first and progress on standard error, then prints the result. */
export async function run(
  measurement: Measurement,
  request: Readonly<Record<string, unknown>>,
  options: OutputOptions,
): Promise<void> {
  const { out, json = false, dryRun = false } = options;
  const handOut = measurement.pieces && (await import('./hand-out.ts')).handOutOf(options);
  // Only now: a command's help needs none of it.
  const [{ prepare }, { createProgress, wantsColor }] = await Promise.all([
    import('../app/index.ts'),
    import('../report/index.ts'),
  ]);
  const interrupts = listenForInterrupts();
  const quiet = json && !process.stderr.isTTY;
  const progress = createProgress({ stream: process.stderr, label: measurement.label, quiet });
  const { signal } = interrupts;
  let underway: Awaited<ReturnType<typeof prepare>> | undefined;
  try {
    underway = await prepare(measurement, request, {
      ...{ out, signal, command: commandLine(), handOut },
      onProgress: (fraction, detail) => progress.update(fraction, detail),
      onNote: noteToUser,
    });
    const { plan, estimate, details } = underway;
    if (dryRun) {
      const lines = [...details, ...(estimate === undefined ? [] : [estimate])];
      if (json) {
        const { kind } = measurement.kind;
        const said = { measurement: kind, plan, estimate: estimate ?? null, details };
        printDocument(measurementPlanKind, request, said);
      } else process.stdout.write(`${lines.join('\n')}\n`);
      return;
    }
    if (!quiet && estimate !== undefined) process.stderr.write(`${estimate}\n`);
    const { document, result, page } = await underway.run();
    progress.finish();
    if (json) {
      process.stdout.write(`${JSON.stringify(document)}\n`);
      return;
    }
    process.stdout.write(`${await measurement.table(result, { color: wantsColor(process.stdout) })}\n`);
    if (page !== undefined) process.stdout.write(`\nreport: ${page}\n`);
    else if (out !== undefined) process.stdout.write(`\nresult: ${join(out, 'result.json')}\n`);
  } finally {
    interrupts.end();
    progress.finish('stopped');
    await underway?.dispose();
  }
}
