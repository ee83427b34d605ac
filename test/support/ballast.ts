/** The command line in a process of its own. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { checkDocument, jsonSchemaOf, kindNamed } from '../../src/schema/index.ts';
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
