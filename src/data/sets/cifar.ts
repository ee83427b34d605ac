import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import {
  decodePickledDict,
  PickledBytes,
  readBytes,
  readFailure,
  readTarFiles,
  readTarMembers,
} from '../../formats/index.ts';
import type { ImageDataset, Split } from '../dataset.ts';
import { type DownloadRequest, downloadCifar } from './cifar-download.ts';
import { type CifarLayout, type CifarName, cifarLayouts, imageBytes } from './cifar-layout.ts';
import { placesFor } from './places.ts';
import { unpackXz } from './xz.ts';

/** Which data set of the CIFAR family, which split, and where it lies. */
export interface CifarRequest extends Pick<DownloadRequest, 'onProgress' | 'mirror'> {
  readonly dataset: CifarName;
  /** The folder with the official `.bin` (or `.bin.xz`) files, its parent, a folder with the official `.tar.gz`, or that file itself. */
  readonly dir: string;
  readonly split: Split;
  /** Fetch the official archive into `dir` when nothing of the data set is there. Never happens unless asked for. */
  readonly download?: boolean;
}

/** Where the files of a split were found, and which of the two official versions they are. */
interface Source {
  readonly version: 'binary' | 'python';
  readonly found:
    | { readonly kind: 'files'; readonly paths: readonly string[] }
    | { readonly kind: 'archive'; readonly path: string };
}

/**
 * CIFAR-10 or CIFAR-100 from the official files, binary or of Python; images keep their official order and CIFAR-100 its 100 fine classes.
 * Files may hold fewer images than the official ones, whole records all the same, which is noted. The whole test set loads in about 2 s from `.bin.xz`, and in some tens of milliseconds from `.bin`.
 *
 * @throws FileError naming the file that is missing, too short or too long, or holds a label that does not exist.
 */
export async function loadCifar(request: CifarRequest): Promise<ImageDataset> {
  const { dataset, dir, split, download = false } = request;
  const layout = cifarLayouts[dataset];
  let source = await locate(layout, dir, split);
  if (!source && download)
    source = { version: 'binary', found: { kind: 'archive', path: await downloadCifar(request) } };
  if (!source) {
    const { files, folder, archive, url, python } = layout;
    throw new FileError(
      dir,
      `expected ${files[split].join(', ')} (or .xz of them) here or in ${folder}/, or ${archive} from ${url}; or ${python.files[split].join(', ')} of the Python version, here or in ${python.folder}/, or ${python.archive}`,
    );
  }
  const official = layout.imagesPerFile[split];
  const parts = await readSource(source, layout, split);
  const counts = parts.map(({ bytes }) =>
    source.version === 'python' ? official : bytes.length / (layout.labelBytes + imageBytes),
  );
  const count = counts.reduce((sum, own) => sum + own, 0);
  const pixels = new Uint8Array(count * imageBytes);
  const labels = new Uint8Array(count);
  let first = 0;
  for (const [i, { path, bytes }] of parts.entries()) {
    const own = counts[i]!;
    const split = source.version === 'python' ? splitBatch : splitRecords;
    split(
      { path, bytes, layout, count: own },
      labels.subarray(first, first + own),
      pixels.subarray(first * imageBytes),
    );
    first += own;
  }
  const all = official * layout.files[split].length;
  const notes = count < all ? [`${dir}: ${count} of the ${all} official images`] : undefined;
  return { name: dataset, classes: layout.classes, count, shape: [3, 32, 32], pixels, labels, ...(notes && { notes }) };
}

const isFile = (path: string) =>
  stat(path).then(
    (s) => s.isFile(),
    () => false,
  );

/** Looks for all files of the split in one place; undefined when there is none of them anywhere. */
async function locate(layout: CifarLayout, dir: string, split: Split): Promise<Source | undefined> {
  const found = await stat(dir).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new FileError(dir, readFailure(cause), { cause });
  });
  if (!found) return undefined;
  if (found.isFile())
    return { version: /python/i.test(basename(dir)) ? 'python' : 'binary', found: { kind: 'archive', path: dir } };
  for (const version of ['binary', 'python'] as const) {
    const { files, folder: usual, archive } = version === 'binary' ? layout : layout.python;
    for (const folder of await placesFor(dir, usual)) {
      const paths: string[] = [];
      const missing: string[] = [];
      for (const file of files[split]) {
        const plain = join(folder, file);
        if (await isFile(plain)) paths.push(plain);
        else if (version === 'binary' && (await isFile(`${plain}.xz`))) paths.push(`${plain}.xz`);
        else missing.push(file);
      }
      if (paths.length === 0) continue;
      if (missing.length)
        throw new FileError(join(folder, missing[0]!), 'is missing; expected it or .xz of it beside the others');
      return { version, found: { kind: 'files', paths } };
    }
    const packed = join(dir, archive);
    if (await isFile(packed)) return { version, found: { kind: 'archive', path: packed } };
  }
  return undefined;
}

interface Part {
  /** For messages. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function readSource({ version, found }: Source, layout: CifarLayout, split: Split): Promise<Part[]> {
  if (version === 'python') return readBatches(found, layout, split);
  const record = layout.labelBytes + imageBytes;
  const size = layout.imagesPerFile[split] * record;
  if (found.kind === 'archive') {
    const wanted = new Map(layout.files[split].map((file) => [file, size]));
    const members = await readTarMembers(found.path, wanted);
    return layout.files[split].map((file) => ({ path: `${found.path}(${file})`, bytes: members.get(file)! }));
  }
  return Promise.all(
    found.paths.map(async (path) => {
      const bytes = path.endsWith('.xz')
        ? await unpackXz(path, size, { atMost: true })
        : await readBytes(path, `${size} bytes`);
      if (bytes.length > size || bytes.length === 0 || bytes.length % record !== 0)
        throw new FileError(
          path,
          `has ${bytes.length} bytes, expected ${size}, or fewer in whole records of ${record} bytes`,
        );
      return { path, bytes };
    }),
  );
}

/** The files of the Python version. How long they are depends on who pickled them. */
async function readBatches(
  found: Source['found'],
  { python, imagesPerFile }: CifarLayout,
  split: Split,
): Promise<Part[]> {
  const files = python.files[split];
  const fileBytes = 2 * imagesPerFile[split] * imageBytes + 2 ** 24;
  if (found.kind === 'archive') {
    const { path } = found;
    const last = (name: string) => name.split('/').at(-1)!;
    const limits = { fileBytes, totalBytes: files.length * fileBytes };
    const members = await readTarFiles(path, (name) => files.includes(last(name)), limits);
    const byName = new Map([...members].map(([name, bytes]) => [last(name), bytes]));
    return files.map((file) => {
      const bytes = byName.get(file);
      if (!bytes) throw new FileError(path, `truncated or another archive: it has no ${file}`);
      return { path: `${path}(${file})`, bytes };
    });
  }
  const parts: Part[] = [];
  for (const path of found.paths) {
    const { size } = await stat(path);
    if (size > fileBytes) throw new FileError(path, `has ${size} bytes, expected at most ${fileBytes}`);
    parts.push({ path, bytes: await readBytes(path, 'a pickled batch of images') });
  }
  return parts;
}

type Batch = Part & { readonly layout: CifarLayout; readonly count: number };

/** Takes a pickled batch apart: `data` has an image a row. */
function splitBatch({ path, bytes, layout, count }: Batch, labels: Uint8Array, pixels: Uint8Array): void {
  const entries = decodePickledDict(bytes, path);
  const [data, found] = [entries.get('data'), entries.get(layout.python.labels)];
  if (!(data instanceof PickledBytes) || data.shape.join() !== `${count},${imageBytes}`) {
    throw new FileError(path, `expected "data" with bytes [${count}, ${imageBytes}]`);
  }
  if (!Array.isArray(found) || found.length !== count) {
    throw new FileError(path, `expected a list "${layout.python.labels}" of ${count} labels`);
  }
  for (const [i, label] of found.entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < layout.classes.length)) {
      throw new FileError(path, `image ${i} has another label than 0 to ${layout.classes.length - 1}`);
    }
    labels[i] = label;
  }
  pixels.set(data.data);
}

/** Takes a file's records apart. */
function splitRecords({ path, bytes, layout, count }: Batch, labels: Uint8Array, pixels: Uint8Array): void {
  const record = layout.labelBytes + imageBytes;
  for (let i = 0; i < count; i++) {
    const image = i * record + layout.labelBytes;
    const label = bytes[image - 1]!;
    if (label >= layout.classes.length) {
      throw new FileError(path, `image ${i} has label ${label}, expected 0 to ${layout.classes.length - 1}`);
    }
    labels[i] = label;
    pixels.set(bytes.subarray(image, image + imageBytes), i * imageBytes);
  }
}
