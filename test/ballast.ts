/** The command line in a process of its own. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { checkDocument } from '../src/schema/index.ts';
import { builtCommand } from './built.ts';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  /** Of standard error. */
  readonly lines: readonly string[];
}

export function ballast(...args: string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtCommand(), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, lines: stderr.trim().split('\n') };
}

/** One line that says `what`, and nothing on standard output. */
export function expectFailure(run: CommandResult, status: number, what: RegExp): void {
  expect(run.lines.at(-1)).toMatch(what);
  expect(run.lines.filter((l) => l.startsWith('ballast:')).length).toBe(1);
  expect(run.status).toBe(status);
  expect(run.stdout).toBe('');
}

/** The result in a document that a measurement printed or wrote, with its environment, checked against the form of its kind. */
export const resultOf = (text: string): unknown => checkDocument(JSON.parse(text), 'a result').result;
