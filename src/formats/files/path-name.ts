import { resolve, sep } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { quote } from '../quote.ts';

/** Most bytes of a name, so that endings fit behind it on every file system. */
const longest = 180;

/** Names that are devices on some systems, with any ending. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/** What is wrong with a name that is to become a part of a path; undefined for one that is fit. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'expected a name that is not blank';
  if (Buffer.byteLength(name) > longest) return `expected a name of at most ${longest} bytes`;
  if (/[/\\]/.test(name)) return 'expected a name without slashes';
  if (/\p{Cc}/u.test(name)) return 'expected a name without control characters';
  if (/^\.+$/.test(name)) return 'expected a name that is more than dots';
  if (reserved.test(name)) return 'expected a name that is no device on any system';
  return undefined;
}

/** A name that becomes a part of a path, and is nothing more than a name: the one type for all of them, whatever file it comes from. */
export const pathNameSchema = z.string().superRefine((name, context) => {
  const message = nameProblem(name);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** A path below a folder, one name after another. Throws FileError for what would lead anywhere else, whoever gave the names. */
export function pathBelow(folder: string, ...names: readonly string[]): string {
  const root = resolve(folder);
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new FileError(folder, `${quote(name)} cannot be a name in it: ${problem}`);
  }
  const path = resolve(root, ...names);
  if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new FileError(folder, `${quote(names.join(sep))} is not below it`);
  return path;
}
