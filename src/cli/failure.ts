import { CommanderError } from 'commander';
import { BallastError, reasonOf } from '../errors.ts';
import { printable, printableLines } from '../printable.ts';

/** What the shell sees when the run was interrupted by the user (128 + SIGINT). */
export const interruptedExitCode = 130;

/** The packages whose programs are made for one platform each. */
const natives: Readonly<Record<string, string>> = { onnxruntime: 'onnxruntime-node', libsql: 'libsql' };

/** What to do where the program of such a package cannot be loaded; undefined for other errors. */
export function loadingFailure(error: unknown): string | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code !== 'ERR_DLOPEN_FAILED' && code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const found = Object.keys(natives).find((part) => String(message).includes(part));
  if (found === undefined) return undefined;
  const here = `${process.platform}-${process.arch}`;
  return `the package ${natives[found]} cannot be loaded on ${here} (${reasonOf(error)}); set ONNXRUNTIME_NODE_INSTALL=skip and install Ballast again on this machine with optional dependencies: docs/installing.md`;
}

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
  const loading = loadingFailure(error);
  if (loading !== undefined) {
    write(`ballast: ${loading}`);
    return 1;
  }
  write(
    `ballast: unexpected failure: ${reasonOf(error)} (set BALLAST_DEBUG=1 for the stack; this is a bug worth reporting)`,
  );
  if (process.env.BALLAST_DEBUG && error instanceof Error) write(printableLines(String(error.stack), 20_000));
  return 1;
}
