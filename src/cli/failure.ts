import { CommanderError } from 'commander';
import { BallastError, reasonOf } from '../errors.ts';
import { printable, printableLines } from '../printable.ts';

/** What the shell sees when the run was interrupted by the user (128 + SIGINT). */
export const interruptedExitCode = 130;

/** One line on standard error, without a stack unless BALLAST_DEBUG is set, and the exit code that goes with it. */
export function reportFailure(error: unknown, write: (line: string) => void): number {
  if (error instanceof CommanderError) {
    // Commander has already printed its line (or the help that was asked for).
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof BallastError) {
    write(`ballast: ${printable(error.message.replaceAll('\n', ' '))}`);
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
