import { FileError } from '../../base/errors.ts';
import type { LogValue } from '../../trials/index.ts';
import type { LogFile } from './log-files.ts';
import { shown } from './shown.ts';

/** Names in one log, and values of a name that are told apart: what a study may hold many of are runs, not batch sizes. */
const [mostNames, mostValues] = [20_000, 1000];

/** What a log holds, found in a pass over it before its rows are read: names decide which column is which, and a name may come late. */
export interface Survey {
  readonly file: LogFile;
  readonly records: number;
  /** Names of what was logged, with how often; and of how many of them the value was a number. */
  readonly names: ReadonlyMap<string, { readonly count: number; readonly numbers: number }>;
  /** Distinct values of each name, as long as they are few: what a column that is empty in most rows says of the run. */
  readonly values: ReadonlyMap<string, ReadonlySet<LogValue> | null>;
  /** Runs that the format itself tells apart. */
  readonly runs: ReadonlySet<string | undefined>;
  /** Hyperparameters that the file carries, by run; those under undefined hold for all. */
  readonly settings: ReadonlyMap<string | undefined, ReadonlyMap<string, LogValue>>;
  readonly unused: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
  readonly hasStep: boolean;
  readonly hasTime: boolean;
}

/** Reads a log once. Throws FileError for one that is broken or has no records. */
export async function surveyLog(file: LogFile, pattern: string | undefined): Promise<Survey> {
  const reader = file.format.open(file.path, pattern === undefined ? {} : { pattern });
  let [records, hasStep, hasTime] = [0, true, true];
  const names = new Map<string, { count: number; numbers: number }>();
  const values = new Map<string, Set<LogValue> | null>();
  const runs = new Set<string | undefined>();
  const settings = new Map<string | undefined, Map<string, LogValue>>();
  await reader.read(
    {
      record: (record) => {
        records++;
        hasStep &&= record.step !== undefined;
        hasTime &&= record.time !== undefined;
        runs.add(record.run);
        for (const [name, value] of record.values) {
          const known = names.get(name);
          if (known) {
            known.count++;
            if (typeof value === 'number') known.numbers++;
          } else {
            if (names.size >= mostNames)
              throw new FileError(
                file.path,
                `has more than ${mostNames} names, such as ${shown(name)}; expected a log`,
              );
            names.set(name, { count: 1, numbers: typeof value === 'number' ? 1 : 0 });
            values.set(name, new Set());
          }
          const own = values.get(name);
          if (own && !own.has(value)) {
            if (own.size < mostValues) own.add(value);
            else values.set(name, null);
          }
        }
      },
      setting: (name, value, run) => {
        const own = settings.get(run) ?? new Map<string, LogValue>();
        settings.set(run, own.set(name, value));
      },
    },
    { ended: true },
  );
  if (records === 0)
    throw new FileError(
      file.path,
      `has no rows; expected one ${file.format.unit} an evaluation (read as ${file.format.title})`,
    );
  return {
    file,
    records,
    names,
    values,
    runs,
    settings,
    unused: reader.unused,
    notes: [...reader.notes],
    hasStep,
    hasTime,
  };
}
