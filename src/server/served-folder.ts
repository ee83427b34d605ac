import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { pathBelow } from '../formats/index.ts';

/** What is read of the folder of a study or a run beside what is asked for by its path. */
const readBeside = [
  ...['study.sqlite', 'study.sqlite-wal', 'study.sqlite-shm', 'trials', 'study.yaml', 'linear-errors.json'],
  ...['measured.json', 'measurements.csv', 'measurements.parquet', 'metrics.jsonl', 'config.json', 'result.json'],
];

/** The folder that is served: nothing outside of it is read or written for a page, whatever links lie in it. */
export class ServedFolder {
  /** Without links in it. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Throws FileError for what is no folder. */
  static async open(folder: string): Promise<ServedFolder> {
    const root = await realpath(folder).catch((cause: NodeJS.ErrnoException) => {
      throw new FileError(folder, `cannot be served (${cause.code}); expected a folder`, { cause });
    });
    if (!(await lstat(root)).isDirectory()) throw new FileError(folder, 'is a file; expected a folder');
    return new ServedFolder(root);
  }

  /**
   * The file or folder that a page calls by its path, which may not be there yet. Throws FileError for a path that leads out of the folder, goes through a link
   * or is hidden.
   */
  async place(path: string): Promise<string> {
    if (path === '' || path === '.') return this.root;
    const names = path.split('/');
    const full = pathBelow(this.root, ...names);
    let at = this.root;
    for (const name of names) {
      if (name.startsWith('.')) throw new FileError(path, 'is hidden; expected a path that the folder lists');
      at = join(at, name);
      await refuseLink(at, path);
    }
    return full;
  }

  /** The same of a folder whose files are read too: none of them may be a link. */
  async studyPlace(path: string): Promise<string> {
    const folder = await this.place(path);
    for (const name of readBeside) await refuseLink(join(folder, name), path);
    return folder;
  }

  /**
   * Checks what of a request may be a path, wherever in it: whatever has a slash, begins with a dot, or is called like something in the folder. Throws FileError as
   * `place` does.
   */
  async checkPaths(request: unknown): Promise<void> {
    if (typeof request === 'string') {
      if (/\p{Cc}/u.test(request)) throw new FileError(request, 'has control characters; expected a path');
      // Means and deviations have a slash between them.
      if (/^[\d.,/\s]*$/.test(request) && !request.includes('..') && !request.startsWith('/')) return;
      if (/[/\\]|^[.~]|^[a-z]:/i.test(request)) await this.place(request);
      else await refuseLink(join(this.root, request), request);
    } else if (typeof request === 'object' && request !== null)
      for (const value of Object.values(request)) await this.checkPaths(value);
  }

  /** A message as a page may read it: where the folder lies is nobody's business. */
  told(message: string): string {
    return message.replaceAll(`${this.root}/`, '').replaceAll(this.root, '.');
  }
}

async function refuseLink(file: string, path: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found?.isSymbolicLink()) throw new FileError(path, 'goes through a symbolic link, which is not followed');
}
