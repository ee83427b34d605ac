import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, UsageError } from '../../base/errors.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { checkDocument, type RunSource, runConfigKind, toDocument } from '../../schema/index.ts';
import { scheduleNamed } from '../settings/schedule.ts';
import { rhythmSettings, trainingSettings } from '../settings/settings.ts';

/** Everything that decides what a training run computes: `config.json` in its folder. */
export const runConfigSchema = z.strictObject(trainingSettings);

/** Everything that decides what a training run computes, a key for each setting of the table: `config.json` in its folder. */
export type RunConfig = z.infer<typeof runConfigSchema>;

/** Whether the rate of a step depends on how long the run is: then a longer run is another run from its first step on. */
export const dependsOnLength = ({ schedule }: Pick<RunConfig, 'schedule'>) => scheduleNamed(schedule).dependsOnLength;

/** What a run computes, of its configuration: not how often it is written down, and its length where nothing depends on that. */
export function definingSettings(config: RunConfig): Partial<RunConfig> {
  const rhythm = Object.keys(rhythmSettings);
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !rhythm.includes(key) && (key !== 'length' || dependsOnLength(config))),
  );
}

/** Identifies what a run computes. */
export const configHash = (config: RunConfig): string => hashOf(definingSettings(config));

/** The same of versions before a run could be made longer: its length was part of it. */
export const formerConfigHash = (config: RunConfig): string =>
  hashOf({ ...definingSettings(config), length: config.length });

function hashOf(settings: Partial<RunConfig>): string {
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

const pathIn = (folder: string) => join(folder, 'config.json');

/** What is written of a run when it begins. */
export interface BegunRun {
  readonly config: RunConfig;
  readonly source: RunSource;
}

/** The configuration of the run in `folder`; undefined when there is none. Throws FileError for one that is damaged, or of a newer version. */
export const readRunConfig = async (folder: string): Promise<RunConfig | undefined> =>
  (await readBegunRun(folder))?.config;

/** The same, and how its data were found. */
export async function readBegunRun(folder: string): Promise<BegunRun | undefined> {
  const path = pathIn(folder);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new FileError(path, `cannot be read (${cause.code})`, { cause });
  });
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FileError(path, 'is no JSON; expected the configuration of a training run');
  }
  const { settings, source } = isDocument(json) ? documentIn(json, path) : { settings: json, source: {} };
  const parsed = runConfigSchema.safeParse(settings);
  if (parsed.success) return { config: parsed.data, source };
  const [issue] = parsed.error.issues;
  throw new FileError(path, `${issue?.path.join('.')}: ${issue?.message}`);
}

/** Versions before wrote the settings alone. */
const isDocument = (json: unknown): boolean => typeof json === 'object' && json !== null && 'kind' in json;

/** Throws FileError for a document of another kind, and for one of a newer version, by its name. */
function documentIn(json: unknown, path: string): { readonly settings: unknown; readonly source: RunSource } {
  const { kind, request, result } = checkDocument(json, path);
  if (kind === runConfigKind) return { settings: result, source: request ?? {} };
  throw new FileError(path, `is a ${kind.kind}; expected the configuration of a training run`);
}

/** Writes the configuration of a run into its folder, and how its data were found. */
export async function writeRunConfig(folder: string, config: RunConfig, source: RunSource = {}): Promise<void> {
  await writeFileAtomic(pathIn(folder), `${JSON.stringify(toDocument(runConfigKind, source, config), null, 2)}\n`);
}

/** Checks that a resumed run is asked for with the settings that it was begun with. Throws UsageError with the differences. */
export function requireSame(stored: RunConfig, asked: Partial<RunConfig>, folder: string): void {
  const differences = Object.entries(asked)
    .filter(([key, value]) => JSON.stringify(stored[key as keyof RunConfig]) !== JSON.stringify(value))
    .map(([key, value]) => `${key} is ${JSON.stringify(stored[key as keyof RunConfig])}, not ${JSON.stringify(value)}`);
  if (differences.length > 0) {
    throw new UsageError(
      `${pathIn(folder)}: this run was begun with other settings: ${differences.join('; ')}; choose another folder`,
    );
  }
}
