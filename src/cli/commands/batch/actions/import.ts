import type { Command } from 'commander';
import { importMeasured, readLogMapping } from '../../../../app/study/index.ts';
import { BallastError, UsageError } from '../../../../base/errors.ts';
import { importedText } from '../../../../report/index.ts';
import { importedKind } from '../../../../schema/index.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

interface ImportOptions {
  readonly mapping?: string;
  readonly map: readonly string[];
  readonly set: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly names?: string;
  readonly order?: string;
  readonly restarts?: string;
  readonly epochs?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `name=value` pairs of an option. */
function pairs(option: string, given: readonly string[]): [string, string][] {
  return given.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`${option} ${text}: expected name=value`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

const settable = ['batchSize', 'learningRate', 'seed', 'strategy'];

/** The mapping of the file with what options say on top. */
async function mappingOf(options: ImportOptions) {
  const { mapping, map, set, format, pattern, names, order, restarts, epochs } = options;
  const file = mapping === undefined ? undefined : await readLogMapping(mapping);
  const said = pairs('--set', set).map(([name, value]) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    return [
      name,
      Number.isNaN(number) || ['strategy', 'model', 'dataset', 'hardware'].includes(name) ? value : number,
    ] as const;
  });
  const given = { format, pattern, names, order, restarts, epochs };
  return {
    ...file,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(said.filter(([name]) => !settable.includes(name))),
    columns: { ...file?.columns, ...Object.fromEntries(pairs('--map', map)) },
    set: { ...file?.set, ...Object.fromEntries(said.filter(([name]) => settable.includes(name))) },
  };
}

export async function run(source: string, options: ImportOptions, command: Command): Promise<void> {
  const { out, dryRun = false, json = false } = options;
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  const written = { out: dryRun ? undefined : out, doing: runningCommand() };
  const { summary, logs } = await importMeasured(source, await mappingOf(options), written).catch((cause) => {
    throw withOptions(cause);
  });
  if (json) printDocument(importedKind, { source }, summary);
  else process.stdout.write(importedText(summary, logs));
}

/** What a message says to write into the mapping, as options too. */
function withOptions(cause: unknown): unknown {
  if (!(cause instanceof BallastError)) return cause;
  const message = cause.message
    .replace(/columns: \{(\w+): ("?)([^{}"]*)\2\}/g, '$& (--map $1=$3)')
    .replace(/set: \{(\w+): (\w+)\}/g, '$& (--set $1=$2)')
    .replace(/\bexamples: (\d+)/g, '$& (--set examples=$1)')
    .replace(/\b(order|restarts): (resumed|unsorted|new|same)\b/g, '$& (--$1 $2)');
  return new BallastError(message, { exitCode: cause.exitCode, cause });
}
