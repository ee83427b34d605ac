import { CommanderError } from 'commander';
import { BallastError, InputError, reasonOf } from '../errors.ts';
import { printable, printableLines } from '../printable.ts';
import { hyphenated } from './hyphenated.ts';

/** What the shell sees when the run was interrupted by the user (128 + SIGINT). */
export const interruptedExitCode = 130;

/** The message of an error; what a request calls a key is an option here, where the command has one of its name. */
function messageOf(error: BallastError, options: ReadonlySet<string>): string {
  if (!(error instanceof InputError)) return error.message;
  const option = `--${hyphenated(error.key)}`;
  return options.has(option) ? `${option}: ${error.problem}` : error.message;
}

/**
 * One line on standard error, without a stack unless BALLAST_DEBUG is set, and the exit code that goes with it. `options`: those of the command that
 * failed.
 */
export function reportFailure(
  error: unknown,
  write: (line: string) => void,
  options: ReadonlySet<string> = new Set(),
): number {
  if (error instanceof CommanderError) {
    // Commander has already printed its line (or the help that was asked for).
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof BallastError) {
    write(`ballast: ${printable(messageOf(error, options).replaceAll('\n', ' '))}`);
    if (process.env.BALLAST_DEBUG) write(printableLines(String(error.stack), 20_000));
    return error.exitCode;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    write('ballast: interrupted; the same command goes on with what it has written to a folder (--out)');
    return interruptedExitCode;
  }
  write(
    `ballast: unexpected failure: ${reasonOf(error)} (set BALLAST_DEBUG=1 for the stack; this is a bug worth reporting)`,
  );
  if (process.env.BALLAST_DEBUG && error instanceof Error) write(printableLines(String(error.stack), 20_000));
  return 1;
}
