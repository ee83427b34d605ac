/** Files that pieces of a measurement need, brought together where workers find them. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, readdir, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder, writeError } from '../../formats/index.ts';
import type { NeededFiles } from '../../instrument/index.ts';
import { type FileKey, fileKeys } from '../../schema/index.ts';

/** Weights that a model keeps in another file have such names. */
const besideModel = (name: string) => {
  const stem = name.replace(/\.onnx$/i, '');
  return [`${name}.data`, `${name}_data`, `${stem}.data`, `${stem}.bin`];
};

/** A file or a folder that a request names. */
export interface NamedFiles extends NeededFiles {
  /** The file in the folder that is named; undefined where it is the folder. */
  readonly file?: string;
}

/** Whether what a request says under a key would be read from the machine, and has to come with a piece. */
export const isRead: Readonly<Record<FileKey, (value: string) => boolean>> = {
  model: (value) => /\.onnx$/i.test(value),
  weights: (value) => value !== 'random',
  classNames: (value) => /\.(json|txt)$/i.test(value),
  tokenizer: () => true,
  source: () => true,
};

/** Files that a request names, by key; those of the source of branches are for whoever knows which they are. */
export function namedFiles(request: Readonly<Record<string, unknown>>): Partial<Record<FileKey, NamedFiles>> {
  const found: Partial<Record<FileKey, NamedFiles>> = {};
  for (const key of fileKeys) {
    const path = request[key];
    if (key === 'source' || typeof path !== 'string' || !isRead[key](path)) continue;
    const [folder, file] = [dirname(path), basename(path)];
    const beside = key === 'model' ? besideModel(file).filter((name) => existsSync(join(folder, name))) : [];
    found[key] = { folder, names: [file, ...beside], file };
  }
  return found;
}

/**
 * Links, or copies, files of a folder into one below `to` that is named after them: 16 hexadecimal digits, others for other files. Resolves to the name. Files that are not there are
 * left out: whoever reads them says so. Throws FileError where it cannot be written.
 */
export async function bringTogether({ folder, names }: NeededFiles, to: string): Promise<string> {
  const hash = createHash('sha256').update(await realpath(folder).catch(() => folder));
  const found: { readonly name: string; readonly path: string }[] = [];
  for (const name of [...names].sort()) {
    const path = await realpath(join(folder, name)).catch(() => undefined);
    if (path === undefined) continue;
    const facts = await stat(path);
    if (!facts.isFile()) continue;
    hash.update(JSON.stringify([name, facts.size, facts.mtimeMs]));
    found.push({ name, path });
  }
  const own = hash.digest('hex').slice(0, 16);
  const final = join(to, own);
  if (existsSync(final)) return own;
  const underway = join(to, `.${own}.${randomBytes(6).toString('hex')}.tmp`);
  await makeFolder(underway);
  try {
    for (const { name, path } of found) {
      const at = join(underway, name);
      await makeFolder(dirname(at));
      await link(path, at).catch(() => copyFile(path, at));
    }
    await rename(underway, final);
  } catch (cause) {
    throw writeError(final, cause);
  }
  return own;
}

/** Files of finished parts, at most one folder deep: what workers may send back. */
const partName = /^[\w@,()+-][\w.@,()+ -]{0,200}\.json$/;
const folderName = /^[\w-]{1,100}$/;

/** Takes finished parts from the folder of a piece into that of the measurement, each whole or not at all. Others are left where they are. Throws FileError. */
export async function takeParts(from: string, to: string, depth = 1): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && depth > 0 && folderName.test(entry.name)) await takeParts(source, target, depth - 1);
    if (!entry.isFile() || !partName.test(entry.name)) continue;
    try {
      await makeFolder(to);
      const underway = `${join(to, `.${entry.name}`)}.${randomBytes(6).toString('hex')}.tmp`;
      await link(source, underway).catch(() => copyFile(source, underway));
      await rename(underway, target);
    } catch (cause) {
      throw writeError(target, cause);
    }
  }
}
