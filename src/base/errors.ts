import { printable, printableLines } from './printable.ts';

/**
 * Errors that a user can do something about. The message is one line: what was wrong, where, and what was expected.
 * The command line prints it without a stack and leaves with `exitCode`. Messages quote what files hold, so whatever
 * a terminal would obey is escaped in them.
 */
export class BallastError extends Error {
  /** 2: the call itself is wrong (usage); 1: the call was fine but could not be carried out. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(printableLines(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The call names something that does not exist or cannot be combined: exit code 2. */
export class UsageError extends BallastError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { ...options, exitCode: 2 });
  }
}

/** A request says something that cannot be: `key` is the key of the request, `problem` what is wrong with it. */
export class InputError extends UsageError {
  readonly key: string;
  readonly problem: string;

  constructor(key: string, problem: string, options: { cause?: unknown } = {}) {
    super(`${key}: ${printable(problem)}`, options);
    this.key = key;
    this.problem = problem;
  }
}

/** A file or folder is not what it should be. `path` always appears in the message. */
export class FileError extends BallastError {
  readonly path: string;

  constructor(path: string, problem: string, options: { cause?: unknown } = {}) {
    super(`${path}: ${printable(problem)}`, options);
    this.path = path;
  }
}

/** Activations of a network overflow float32 at the data that it was given: its outputs are no numbers. */
export class OverflowError extends BallastError {
  constructor(network: string) {
    super(
      `${network}: its outputs are not finite numbers at these data: activations overflow float32; are these its weights, and its normalization?`,
    );
  }
}

/** What went wrong, in one line: the first of an error's message. */
export function reasonOf(cause: unknown): string {
  return printable((cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!);
}
