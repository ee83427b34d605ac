/** The command line, in this process, or in one of its own where it is the process that a test is about. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { runCommandLine } from '../../src/cli/run.ts';
import { guardOutput } from '../../src/cli/terminal/guarded-output.ts';
import { checkDocument, jsonSchemaOf, kindNamed } from '../../src/schema/index.ts';
import { builtCommand } from './built.ts';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  /** Of standard error. */
  readonly lines: readonly string[];
}

/** What is written to a stream from now on, guarded as the command line guards it; it does not reach the stream until the end. */
function captured(stream: NodeJS.WriteStream): { end(): string } {
  const own = stream.write;
  const chunks: Buffer[] = [];
  stream.write = (chunk: string | Uint8Array, ...more: unknown[]) => {
    chunks.push(Buffer.from(chunk as string));
    const written = more.at(-1);
    if (typeof written === 'function') process.nextTick(written as () => void);
    return true;
  };
  guardOutput(stream);
  return {
    end() {
      stream.write = own;
      return Buffer.concat(chunks).toString();
    },
  };
}

const signals = ['SIGINT', 'SIGTERM'] as const;
const listeners = () => signals.map((signal) => process.listenerCount(signal));
let underway = '';

/** A command line that `run` takes to its end in this process, of which it leaves nothing but the data that it has loaded. */
export async function commandLineBy(run: typeof runCommandLine, args: readonly string[]): Promise<CommandResult> {
  // They would write into each other's output.
  if (underway !== '') throw new Error(`${args.join(' ')} is run while ${underway} does`);
  underway = args.join(' ');
  const { keepLoadedData } = await import('../../src/app/subject.ts');
  // Most commands of a file are about the same pictures.
  keepLoadedData();
  const { exitCode, argv } = process;
  const before = listeners();
  const [out, err] = [captured(process.stdout), captured(process.stderr)];
  let [stdout, stderr] = ['', ''];
  let status: typeof exitCode;
  try {
    process.exitCode = undefined;
    process.argv = [process.execPath, 'ballast', ...args];
    status = (await run(args)) ?? process.exitCode;
  } finally {
    process.argv = argv;
    process.exitCode = exitCode;
    stderr = err.end();
    stdout = out.end();
    underway = '';
  }
  expect(listeners(), 'listeners that a command has left').toEqual(before);
  return { status: Number(status ?? 0), stdout, lines: stderr.trim().split('\n') };
}

/** In this process, as it takes a second or two to start another. */
export const ballast = (...args: string[]): Promise<CommandResult> => commandLineBy(runCommandLine, args);

/** As users run it: compiled, in a process of its own, with what native code writes to its outputs. */
export function ballastProcess(...args: string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtCommand(), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, lines: stderr.trim().split('\n') };
}

/** What the result in a folder says but when, on what and how fast. */
export function numbersIn(out: string): unknown {
  const kept = (key: string, value: unknown) => (['seconds', 'environment'].includes(key) ? undefined : value);
  return JSON.parse(JSON.stringify(resultOf(readFileSync(join(out, 'result.json'), 'utf8')), kept));
}

/** One line that says `what`, and nothing on standard output. */
export function expectFailure(run: CommandResult, status: number, what: RegExp): void {
  expect(run.lines.at(-1)).toMatch(what);
  expect(run.lines.filter((l) => l.startsWith('ballast:')).length).toBe(1);
  expect(run.status).toBe(status);
  expect(run.stdout).toBe('');
}

const validators = new Map<string, ValidateFunction>();

/** Whether a document is valid under the JSON Schema of its kind, by a validator that is not ours. */
export function expectValid(document: { readonly kind: string }): void {
  const { kind } = document;
  const validate =
    validators.get(kind) ??
    new Ajv2020({ strict: true, allowUnionTypes: true }).compile(jsonSchemaOf(kindNamed(kind)!));
  validators.set(kind, validate);
  validate(document);
  expect(validate.errors ?? [], kind).toEqual([]);
}

/** The result in a document that a measurement printed or wrote, with its environment, valid under its schema. */
export function resultOf(text: string): unknown {
  const document = JSON.parse(text) as { kind: string };
  expectValid(document);
  return checkDocument(document, 'a result').result;
}
