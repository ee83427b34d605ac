import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';

/** What is looked at below a folder, so that a program that writes a million files costs no more than that. */
const [mostEntries, deepest] = [20_000, 8];

export interface FoundFile {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly changed: number;
  readonly bytes: number;
  readonly isFolder: boolean;
}

/** A pattern as a regular expression over paths with `/`: `*` and `?` within a name, `**` for any number of folders. */
export function patternOf(pattern: string): RegExp {
  const body = pattern
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:[^/]+/)*';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${body}$`, 'u');
}

/** Everything below a folder, links left alone (they may lead anywhere). A folder that is not there has nothing. */
export async function filesBelow(folder: string, { folders = false } = {}): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  let entries = 0;
  const visit = async (path: string, depth: number): Promise<void> => {
    let list: Dirent[];
    try {
      list = await readdir(path, { withFileTypes: true });
    } catch {
      // Removed by the program meanwhile, or not ours to read.
      return;
    }
    for (const entry of list.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (++entries > mostEntries) return;
      const own = join(path, entry.name);
      if (!entry.isFile() && !entry.isDirectory()) continue;
      if (entry.isFile() || folders) {
        const facts = await lstat(own).catch(() => undefined);
        if (facts) found.push({ path: own, changed: facts.mtimeMs, bytes: facts.size, isFolder: entry.isDirectory() });
      }
      if (entry.isDirectory() && depth < deepest) await visit(own, depth + 1);
    }
  };
  await visit(folder, 0);
  return found;
}

/** Files that a pattern names, below `folder`; one without a wildcard names its file, whether that is there or not. Throws UsageError for one that leads out of the folder. */
export async function filesMatching(folder: string, pattern: string): Promise<string[]> {
  const whole = isAbsolute(pattern) ? pattern : join(folder, pattern);
  const plain = whole.split(sep).findIndex((part) => /[*?]/.test(part));
  if (!isAbsolute(pattern) && relative(folder, resolve(whole)).startsWith('..'))
    throw new UsageError(`${quote(pattern)} leads out of ${folder}; expected files in it`);
  if (plain < 0) return [whole];
  const base = whole.split(sep).slice(0, plain).join(sep) || sep;
  const expression = patternOf(
    whole
      .slice(base === sep ? 1 : base.length + 1)
      .split(sep)
      .join('/'),
  );
  return (await filesBelow(base)).flatMap(({ path }) =>
    expression.test(relative(base, path).split(sep).join('/')) ? [path] : [],
  );
}
