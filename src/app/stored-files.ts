/** Pages and figures of stored results, written into a folder. */
import { join } from 'node:path';
import { makeFolder, owningFolder, writeFileAtomic } from '../formats/index.ts';
import { nameOf, pageOf, type StoredResult } from './stored-results.ts';

/** How files of results are written. */
export interface StoredFilesOptions {
  /** What made a result, for its page; undefined where that is not known. */
  readonly command?: ((stored: StoredResult) => string | undefined) | undefined;
  /** What whoever comes second is told this process is doing. */
  readonly doing: string;
}

/** What was written of a result. */
export interface StoredFile {
  readonly stored: StoredResult;
  /** Of the page, or the folder of figures; undefined for a kind that has no page. */
  readonly path: string | undefined;
  /** How many figures. */
  readonly figures?: number;
}

/**
 * Writes the page of each result into a folder: `report.html` where there is one, else named after the results. Throws FileError for a folder that cannot be
 * written, FolderOwned for one that another process writes.
 */
export async function writePages(
  found: readonly StoredResult[],
  folder: string,
  { command, doing }: StoredFilesOptions,
): Promise<StoredFile[]> {
  return owningFolder(folder, { doing }, async () => {
    await makeFolder(folder);
    const written: StoredFile[] = [];
    for (const stored of found) {
      const html = await pageOf(stored, command?.(stored));
      const path =
        html === undefined ? undefined : join(folder, `${found.length === 1 ? 'report' : nameOf(stored)}.html`);
      if (path !== undefined) await writeFileAtomic(path, html!);
      written.push({ stored, path });
    }
    return written;
  });
}

/** Writes each figure of each result as SVG, and what it shows as CSV; of several results into a folder each. Throws as `writePages` does. */
export async function writeFigures(
  found: readonly StoredResult[],
  folder: string,
  { command, doing }: StoredFilesOptions,
): Promise<StoredFile[]> {
  const { figureFiles, figuresOf } = await import('../report/pages.ts');
  return owningFolder(folder, { doing }, async () => {
    const written: StoredFile[] = [];
    for (const stored of found) {
      const path = found.length > 1 ? join(folder, nameOf(stored)) : folder;
      const files = figureFiles(await figuresOf(async () => (await pageOf(stored, command?.(stored))) ?? ''));
      await makeFolder(path);
      for (const file of files) await writeFileAtomic(join(path, file.name), file.text);
      written.push({ stored, path, figures: files.filter((f) => f.name.endsWith('.svg')).length });
    }
    return written;
  });
}
