/** Measurements of others, read as a mapping says and kept as a study. */
import { join, resolve } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { readBytes } from '../../formats/index.ts';
import type { ImportedSummary, ImportRequest } from '../../schema/index.ts';
import {
  type ImportedLogs,
  importMeasurements,
  type LogMapping,
  measuredFile,
  parseMapping,
  writeMeasured,
  writeStudy,
} from '../../study/import/index.ts';
import { boundedYaml, type MeasuredTrial, type MeasuredWorkload, type YamlProblem } from '../../study/index.ts';
import { openOutput } from '../output-folder.ts';

/** What was found, and how each log was read where there were some. */
export interface ImportedMeasurements {
  readonly summary: ImportedSummary;
  readonly logs?: ImportedLogs;
}

/** A mapping in YAML or JSON, checked. Throws FileError with the line of what is wrong, UsageError for a key that is none. */
async function readLogMapping(path: string): Promise<LogMapping> {
  const text = Buffer.from(await readBytes(path, 'a mapping in YAML or JSON')).toString('utf8');
  const content = boundedYaml(text);
  if ('problems' in content) {
    const [{ line, message }] = content.problems as [YamlProblem];
    throw new FileError(path, `line ${line}: ${message}`);
  }
  return parseMapping(content.value ?? {});
}

/** `name=value` texts in two. */
const inTwo = (texts: readonly string[] = []): [string, string][] =>
  texts.map((text) => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)];
  });

/** What `set` says of every run; what else it says is a key of the mapping itself. */
const ofRuns = ['batchSize', 'learningRate', 'seed', 'strategy'];
/** What `set` says as text, even where it looks like a number. */
const texts = ['strategy', 'model', 'dataset', 'hardware'];

/** The mapping of the file with what the request says on top. */
async function mappingOf({ source: _, mapping, map, set, ...given }: ImportRequest): Promise<unknown> {
  const file = mapping === undefined ? undefined : await readLogMapping(mapping);
  const said = inTwo(set).map(([name, value]) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    return [name, Number.isNaN(number) || texts.includes(name) ? value : number] as const;
  });
  return {
    ...file,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(said.filter(([name]) => !ofRuns.includes(name))),
    columns: { ...file?.columns, ...Object.fromEntries(inTwo(map)) },
    set: { ...file?.set, ...Object.fromEntries(said.filter(([name]) => ofRuns.includes(name))) },
  };
}

/**
 * Reads measurements of others as a mapping says (`LogMapping`), and keeps them in the folder `out` as a study; without one they are only read. Throws FileError for what is no log, UsageError for a
 * mapping that is none and for a folder of something else.
 */
export async function importMeasured(
  request: ImportRequest,
  {
    out,
    doing = `an import of ${request.source}`,
  }: { readonly out?: string | undefined; readonly doing?: string } = {},
): Promise<ImportedMeasurements> {
  const { source } = request;
  const imported = await importMeasurements(source, parseMapping(await mappingOf(request)));
  if (out !== undefined) {
    // A mapping that is bettered is the same import.
    const folder = await openOutput(out, { kind: 'batch import', request: { source: resolve(source) } }, doing);
    try {
      const path = join(out, measuredFile);
      if (imported.kind === 'logs') await writeMeasured(path, imported.logs, source);
      else await writeStudy(path, imported.study, source);
    } finally {
      folder.release();
    }
  }
  if (imported.kind === 'study') {
    const { name, workloads, trials } = imported.study;
    return { summary: { study: name, workloads: summaries(workloads, trials, (t) => t.measurements.length) } };
  }
  const { logs } = imported;
  const { name, workloads, trials, files, passed } = logs;
  const notes = logs.notes.map(({ run, text }) => `run ${run} ${text}`);
  return {
    summary: { study: name, workloads: summaries(workloads, trials, (t) => t.curve.length), files, passed, notes },
    logs,
  };
}

function summaries<T extends Pick<MeasuredTrial, 'workload' | 'strategy' | 'batchSize'>>(
  workloads: readonly MeasuredWorkload[],
  trials: readonly T[],
  length: (trial: T) => number,
): ImportedSummary['workloads'] {
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
