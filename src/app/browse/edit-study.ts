import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileError, UsageError } from '../../base/errors.ts';
import { makeFolder, writeFileAtomic } from '../../formats/index.ts';

const textIn = (file: string): Promise<string | null> =>
  readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new FileError(file, `cannot be read (${cause.code})`, { cause });
  });

/** The study file as it stands. Throws FileError where there is none. */
export async function studyFileText(file: string): Promise<string> {
  const text = await textIn(file);
  if (text === null) throw new FileError(file, 'is not there; expected a study file');
  return text;
}

/**
 * Writes a study file, whole or not at all. `before`: what whoever writes it has read; one that somebody else has changed since is not written over. Throws UsageError
 * then, and FileError for a place that cannot be written.
 */
export async function saveStudyFile(file: string, text: string, before: string | null): Promise<void> {
  if (!/\.ya?ml$/i.test(file)) throw new UsageError(`${file}: expected the name of a study file, such as study.yaml`);
  const now = await textIn(file);
  if (now === text) return;
  if (now !== before)
    throw new UsageError(
      before === null
        ? `${file}: is there already; choose another name`
        : `${file}: was changed by somebody else; read it again`,
    );
  await makeFolder(dirname(file));
  await writeFileAtomic(file, text);
}
