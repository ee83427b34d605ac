import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { FileError, UsageError } from '../../base/errors.ts';
import { readFailure } from '../../formats/index.ts';
import { formatOf, headOf, type LogFormat, logFormats, recognize } from '../../trials/index.ts';
import { shown } from './shown.ts';

/** Files that are looked at in a folder. */
const mostFiles = 20_000;

/** A log that is read, and what the run in it is called. */
export interface LogFile {
  readonly path: string;
  readonly format: LogFormat;
  /** The run's name by where the file is; files with one name are one run, in this order. Null: the file given by itself. */
  readonly run: string | null;
}

export interface FoundLogs {
  readonly files: readonly LogFile[];
  /** Files that were passed over, with the reason. */
  readonly passed: readonly { readonly path: string; readonly why: string }[];
}

const formatNamed = (name: string | undefined): LogFormat | undefined => {
  if (name === undefined) return undefined;
  const format = logFormats.find((f) => f.name === name);
  if (!format)
    throw new UsageError(
      `no format of logs is called ${name}; expected one of ${logFormats.map((f) => f.name).join(', ')}`,
    );
  return format;
};

/** The log at `path`. Throws FileError for a file of no known format. */
export async function logFile(path: string, format?: string): Promise<FoundLogs> {
  return { files: [{ path, format: formatNamed(format) ?? (await formatOf(path)), run: null }], passed: [] };
}

/** Not logs, whatever they look like: configurations, and what other tools keep beside logs. */
const besides =
  /^(?:hparams|config|args|params|opt|settings|conda|requirements|wandb-metadata|wandb-summary|study|metadata|package(?:-lock)?|tokenizer\w*|special_tokens_map|generation_config|training_args|all_results|train_results|eval_results|meta)\.(?:ya?ml|json|txt)$|\.(?:md|py|ya?ml|html|png|svg|pt|pth|bin|safetensors|npz|npy|db-wal|db-shm)$/i;

/**
 * Every log in a folder and below. Of a folder with logs in several formats those of the first one count (`logFormats` has them in order of how much they say), so that a run that was logged twice is one run. Event files of a
 * folder are one run, in the order of their names; a Trainer's checkpoints are one run, whose longest history counts; any other file is a run of its own.
 */
export async function logsInFolder(dir: string, format?: string): Promise<FoundLogs> {
  const paths = await filesBelow(dir);
  const wanted = formatNamed(format);
  const byFolder = new Map<string, { path: string; format: LogFormat }[]>();
  const passed: { path: string; why: string }[] = [];
  for (const path of paths) {
    if (besides.test(basename(path))) continue;
    const head = await headOf(path);
    const found = wanted ? (wanted.recognizes(head, path) ? wanted : undefined) : recognize(head, path);
    if (!found) {
      passed.push({ path, why: 'is no log of a known format' });
      continue;
    }
    const folder = found.name === 'trainer-state' ? dirname(path).replace(/[\\/]checkpoint-\d+$/, '') : dirname(path);
    const own = byFolder.get(folder);
    if (own) own.push({ path, format: found });
    else byFolder.set(folder, [{ path, format: found }]);
  }
  const files: LogFile[] = [];
  for (const [folder, logs] of byFolder) {
    const first = logFormats.find((f) => logs.some((l) => l.format === f))!;
    const own = logs.filter((l) => l.format === first);
    for (const l of logs)
      if (l.format !== first)
        passed.push({ path: l.path, why: `its folder is read from ${shown(basename(own[0]!.path))}` });
    const name = relative(dir, folder).replaceAll('\\', '/');
    if (first.name === 'tensorboard')
      for (const { path } of own) files.push({ path, format: first, run: name || basename(dir) });
    else if (first.name === 'trainer-state') {
      const [latest, ...older] = own.sort((a, b) => checkpoint(b.path) - checkpoint(a.path));
      files.push({ path: latest!.path, format: first, run: name || basename(dir) });
      for (const { path } of older) passed.push({ path, why: 'a later checkpoint has its history' });
    } else for (const { path } of own) files.push({ path, format: first, run: runName(name, path, own.length) });
  }
  return { files, passed };
}

/** The step of a Trainer's checkpoint; what lies beside the checkpoints is the end. */
const checkpoint = (path: string) =>
  Number(/checkpoint-(\d+)[\\/][^\\/]*$/.exec(path)?.[1] ?? Number.POSITIVE_INFINITY);

/** A file that is alone in its folder is called like the folder; others like themselves. */
function runName(folder: string, path: string, files: number): string {
  const stem = basename(path).replace(/\.[^.]+$/, '');
  if (folder === '') return stem;
  return files === 1 ? folder : `${folder}/${stem}`;
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch((cause) => {
    throw new FileError(dir, `${readFailure(cause)}; expected a folder of logs`, { cause });
  });
  const files = entries
    .filter((e) => e.isFile() && !e.name.startsWith('.'))
    .map((e) => join(e.parentPath, e.name))
    .sort();
  if (files.length > mostFiles)
    throw new FileError(dir, `has ${files.length} files; expected a folder of logs, at most ${mostFiles} files`);
  return files;
}
