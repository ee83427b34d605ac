import { CommanderError } from 'commander';
import { BallastError, InputError, reasonOf } from '../../base/errors.ts';
import { printable, printableLines } from '../../base/printable.ts';
import { hyphenated } from '../flags/hyphenated.ts';

/** What the shell sees when the run was interrupted by the user (128 + SIGINT). */
export const interruptedExitCode = 130;

/** The message of an error; what a request calls a key is an option here, where the command has one of its name. */
function messageOf(error: BallastError, options: ReadonlySet<string>): string {
  if (!(error instanceof InputError)) return error.message;
  const option = `--${hyphenated(error.key)}`;
  return options.has(option) ? `${option}: ${error.problem}` : error.message;
}

/** The command that runs. */
export interface RunningCommand {
  /** Messages about a request name these. */
  readonly options: ReadonlySet<string>;
  /** Where it writes, if it was told. */
  readonly out?: string;
}

/** What an interrupted command left, and how to go on. */
function interruption({ options, out }: RunningCommand): string {
  if (out !== undefined) return `interrupted; the same command goes on with what is in ${out}`;
  return options.has('--out')
    ? 'interrupted; nothing was kept: with --out DIR finished parts are, and the same command goes on'
    : 'interrupted; nothing was kept: the same command begins anew';
}

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
export function reportFailure(
  error: unknown,
  write: (line: string) => void,
  running: RunningCommand = { options: new Set() },
): number {
  if (error instanceof CommanderError) {
    // Commander has already printed its line (or the help that was asked for).
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof BallastError) {
    write(`ballast: ${printable(messageOf(error, running.options).replaceAll('\n', ' '))}`);
    if (process.env.BALLAST_DEBUG) write(printableLines(String(error.stack), 20_000));
    return error.exitCode;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    write(`ballast: ${printable(interruption(running))}`);
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
