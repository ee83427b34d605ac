import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { openOutput } from '../../../../app/index.ts';
import { BallastError, FileError, UsageError } from '../../../../base/errors.ts';
import { readBytes } from '../../../../formats/index.ts';
import { plural } from '../../../../report/index.ts';
import { importedKind } from '../../../../schema/index.ts';
import {
  importMeasurements,
  measuredFile,
  parseMapping,
  shown,
  writeMeasured,
  writeStudy,
} from '../../../../study/import/index.ts';
import { boundedYaml, type MeasuredTrial, type MeasuredWorkload, type YamlProblem } from '../../../../study/index.ts';
import { runningCommand } from '../../../terminal/output-folder.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { readingText } from '../reading-text.ts';

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

async function readMapping(path: string): Promise<object> {
  const text = Buffer.from(await readBytes(path, 'a mapping in YAML or JSON')).toString('utf8');
  const content = boundedYaml(text);
  if ('problems' in content) {
    const [{ line, message }] = content.problems as [YamlProblem];
    throw new FileError(path, `line ${line}: ${message}`);
  }
  return { ...parseMapping(content.value ?? {}) };
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
  const file: Partial<ReturnType<typeof parseMapping>> = mapping === undefined ? {} : await readMapping(mapping);
  const said = pairs('--set', set).map(([name, value]) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    return [
      name,
      Number.isNaN(number) || ['strategy', 'model', 'dataset', 'hardware'].includes(name) ? value : number,
    ] as const;
  });
  const given = { format, pattern, names, order, restarts, epochs };
  return parseMapping({
    ...file,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(said.filter(([name]) => !settable.includes(name))),
    columns: { ...file.columns, ...Object.fromEntries(pairs('--map', map)) },
    set: { ...file.set, ...Object.fromEntries(said.filter(([name]) => settable.includes(name))) },
  });
}

export async function run(source: string, options: ImportOptions, command: Command): Promise<void> {
  const { out, dryRun = false, json = false } = options;
  if (out === undefined && !dryRun) command.error("error: required option '--out <dir>' not specified");
  const mapping = await mappingOf(options);
  const imported = await importMeasurements(source, mapping).catch((cause) => {
    throw withOptions(cause);
  });
  if (out !== undefined && !dryRun) {
    // A mapping that is bettered is the same import.
    const folder = await openOutput(
      out,
      { kind: 'batch import', request: { source: resolve(source) } },
      runningCommand(),
    );
    try {
      const path = join(out, measuredFile);
      if (imported.kind === 'logs') await writeMeasured(path, imported.logs, source);
      else await writeStudy(path, imported.study, source);
    } finally {
      folder.release();
    }
  }
  const found =
    imported.kind === 'logs'
      ? summaries(imported.logs.workloads, imported.logs.trials, (t) => t.curve.length)
      : summaries(imported.study.workloads, imported.study.trials, (t) => t.measurements.length);
  const study = imported.kind === 'logs' ? imported.logs.name : imported.study.name;
  if (json) {
    const read =
      imported.kind === 'logs'
        ? {
            files: imported.logs.files,
            passed: imported.logs.passed,
            notes: imported.logs.notes.map(({ run, text }) => `run ${run} ${text}`),
          }
        : {};
    printDocument(importedKind, { source }, { study, workloads: found, ...read });
    return;
  }
  if (imported.kind === 'logs') process.stdout.write(readingText(imported.logs));
  for (const w of found)
    process.stdout.write(
      `${shown(w.workload)}: ${plural(w.trials, 'trial')}, ${plural(w.measurements, 'measurement')}; batch ${w.batchSizes.join(', ')}; ${w.strategies.map(shown).join(', ')}; targets: ${w.targets.map(shown).join(', ') || 'none'}\n`,
    );
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

function summaries<T extends Pick<MeasuredTrial, 'workload' | 'strategy' | 'batchSize'>>(
  workloads: readonly MeasuredWorkload[],
  trials: readonly T[],
  length: (trial: T) => number,
) {
  return workloads.map((w) => {
    const own = trials.filter((t) => t.workload === w.name);
    return {
      workload: w.name,
      strategies: [...new Set(own.map((t) => t.strategy))],
      batchSizes: [...new Set(own.map((t) => t.batchSize))].sort((a, b) => a - b),
      trials: own.length,
      measurements: own.reduce((n, t) => n + length(t), 0),
      targets: w.targets.map((t) => t.name),
    };
  });
}
