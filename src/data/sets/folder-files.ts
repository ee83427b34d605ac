import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { quote, readFailure } from '../../formats/index.ts';
import type { ThreeSplit } from '../dataset.ts';
import { isPictureName } from '../pictures/picture.ts';

export const expectedPictures = 'PNG or JPEG images in one folder a class';

/** What lies in a folder, links followed; hidden names and `__MACOSX` are left out. */
export interface Contents {
  readonly folders: readonly string[];
  readonly pictures: readonly string[];
}

/** What was left out on the way, for the notes of a data set. */
export class PassedOver {
  #hidden = 0;
  #foreign = 0;
  #example: string | undefined;

  hidden(): void {
    this.#hidden++;
  }

  foreign(name: string): void {
    this.#foreign++;
    this.#example ??= name;
  }

  notes(): string[] {
    const are = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
    return [
      ...(this.#hidden ? [`passed over ${are(this.#hidden, 'hidden file or folder')}`] : []),
      ...(this.#foreign
        ? [`passed over ${are(this.#foreign, 'file')} without a PNG or JPEG name, such as ${quote(this.#example!)}`]
        : []),
    ];
  }
}

/** Order of code points: the same on every machine, whatever its language, and that of Python (torchvision's `ImageFolder`). */
export const inOrder = (names: readonly string[]): string[] =>
  names
    .map((name) => ({ name, key: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ name }) => name);

const isHidden = (name: string) => name.startsWith('.') || name === '__MACOSX';

/** A link counts as what it leads to; one that leads nowhere is an error. */
async function kindOf(entry: Dirent, path: string): Promise<'folder' | 'file' | 'other'> {
  const kind = entry.isSymbolicLink()
    ? await stat(path).catch((cause: unknown) => {
        throw new FileError(path, `is a link that leads nowhere (${readFailure(cause)})`, { cause });
      })
    : entry;
  return kind.isDirectory() ? 'folder' : kind.isFile() ? 'file' : 'other';
}

/** Throws FileError for a folder that cannot be read. */
export async function contentsOf(folder: string, passed?: PassedOver): Promise<Contents> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new FileError(folder, `${readFailure(cause)}; expected ${expectedPictures}`, { cause });
  });
  const [folders, pictures]: [string[], string[]] = [[], []];
  for (const entry of entries) {
    const { name } = entry;
    if (isHidden(name)) {
      passed?.hidden();
      continue;
    }
    const kind = await kindOf(entry, join(folder, name));
    if (kind === 'folder') folders.push(name);
    else if (kind === 'file' && isPictureName(name)) pictures.push(name);
    else passed?.foreign(name);
  }
  return { folders: inOrder(folders), pictures: inOrder(pictures) };
}

/** All pictures at and below a folder, in the order of torchvision's `ImageFolder`: folders by their path, in each the files by name. */
export async function picturesBelow(top: string, passed: PassedOver): Promise<string[]> {
  const byFolder = new Map<string, readonly string[]>();
  const seen = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    const real = await realpath(folder);
    if (seen.has(real))
      throw new FileError(folder, 'is a link to a folder that was read already: in a circle, or twice');
    seen.add(real);
    const { folders, pictures } = await contentsOf(folder, passed);
    byFolder.set(folder, pictures);
    for (const name of folders) await walk(join(folder, name));
  };
  await walk(top);
  return inOrder([...byFolder.keys()]).flatMap((folder) => byFolder.get(folder)!.map((name) => join(folder, name)));
}

/** What people call the folder of a split, the first one that is there counting. */
const splitNames: Readonly<Record<ThreeSplit, readonly string[]>> = {
  train: ['train', 'training'],
  valid: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};

const anySplit = new Set(Object.values(splitNames).flat());

/** Where the pictures are. */
export type Place =
  | { readonly kind: 'classes' | 'flat'; readonly folder: string; readonly folders: readonly string[] }
  | {
      readonly kind: 'splits';
      readonly folder: string;
      readonly splits: Readonly<Partial<Record<ThreeSplit, string>>>;
    };

/** The folders of splits among those in `folder`. One that holds pictures among other folders is a class of that name, as there is one of trains. */
async function splitsOf(
  folder: string,
  folders: readonly string[],
): Promise<Partial<Record<ThreeSplit, string>> | undefined> {
  const named = folders.filter((name) => anySplit.has(name.toLowerCase()));
  const alone = named.length === folders.length;
  const holders = new Set<string>();
  for (const name of named) if (alone || (await contentsOf(join(folder, name))).folders.length) holders.add(name);
  if (holders.size === 0) return undefined;
  const splits: Partial<Record<ThreeSplit, string>> = {};
  for (const split of Object.keys(splitNames) as ThreeSplit[]) {
    const names = [...holders].filter((name) => splitNames[split].includes(name.toLowerCase()));
    if (names.length > 1)
      throw new FileError(folder, `has ${names.join(' and ')}; expected one folder of the ${split} split`);
    if (names[0] !== undefined) splits[split] = join(folder, names[0]);
  }
  return splits;
}

/** Folders around the classes or splits that may hold nothing else: what unpacking an archive often leaves. */
const maxWrappers = 3;

/** Finds out how a folder of pictures is laid out. */
export async function placeOf(dir: string, passed: PassedOver): Promise<Place> {
  let folder = dir;
  for (let wrappers = 0; ; wrappers++) {
    const { folders, pictures } = await contentsOf(folder, passed);
    const splits = await splitsOf(folder, folders);
    if (splits) return { kind: 'splits', folder, splits };
    if (folders.length === 0) return { kind: 'flat', folder, folders };
    const [only, ...more] = folders;
    const inner =
      more.length === 0 && pictures.length === 0 && wrappers < maxWrappers
        ? await contentsOf(join(folder, only!))
        : undefined;
    const wraps = inner !== undefined && inner.folders.length > 0 && inner.pictures.length === 0;
    if (!wraps) return { kind: 'classes', folder, folders };
    folder = join(folder, only!);
  }
}
