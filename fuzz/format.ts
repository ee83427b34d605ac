/**
 * What the fuzzer knows of a format. An input is a few files by name; most formats have one. Everything that is random comes from the stream
 * that is given, so that (seed, format, number) is an input.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RandomStream } from '../src/base/random.ts';
import { mutated } from '../test/support/mutations.ts';

/** The files of an input, by their names below its folder. */
export type Files = Readonly<Record<string, Uint8Array>>;

export interface FuzzFormat {
  readonly name: string;
  /** What one input costs, in those of a format that is read in memory: formats that take long get fewer. 1 unless told. */
  readonly cost?: number;
  /** Whole inputs, each of which is read. */
  readonly whole: () => Promise<readonly Files[]>;
  /** A damaged one. Unless told, one of the files loses or gains some bytes. */
  readonly change?: (files: Files, stream: RandomStream) => Files;
  /** Reads an input as a command does. What comes out is checked: data that do not fit are an error, too. */
  readonly read: (files: Files, place: Place) => unknown;
}

/** A folder of the child's own, for formats that are read from disk. */
export class Place {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Puts the files there and takes away what was there before. Gives the path of one of them, or of the folder. */
  put(files: Files, name = ''): string {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    for (const [file, bytes] of Object.entries(files)) {
      const path = join(this.folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    return join(this.folder, name);
  }
}

export const pick = <T>(list: readonly T[], stream: RandomStream): T => list[stream.integer(list.length)]!;

/** One of the files by a change of its bytes; where there are several it may also go, or stand for another. */
export function changeFiles(
  files: Files,
  stream: RandomStream,
  change: (bytes: Uint8Array, name: string) => Uint8Array = (bytes) => mutated(bytes, stream),
): Files {
  const names = Object.keys(files);
  const name = pick(names, stream);
  if (names.length > 1 && stream.integer(12) === 0) {
    const other = pick(names, stream);
    if (stream.integer(2)) return { ...files, [name]: files[other]! };
    return Object.fromEntries(Object.entries(files).filter(([n]) => n !== name));
  }
  return { ...files, [name]: change(files[name]!, name) };
}

/** The only file of an input. */
export const only = (files: Files): Uint8Array => Object.values(files)[0] ?? new Uint8Array(0);

/** A format of one file, `whole` by its contents. */
export function oneFile(
  name: string,
  file: string,
  whole: () => Promise<readonly Uint8Array[]> | readonly Uint8Array[],
  read: (bytes: Uint8Array, place: Place) => unknown,
  change?: (bytes: Uint8Array, stream: RandomStream) => Uint8Array,
): FuzzFormat {
  return {
    name,
    whole: async () => (await whole()).map((bytes) => ({ [file]: bytes })),
    read: (files, place) => read(only(files), place),
    ...(change && { change: (files: Files, stream: RandomStream) => ({ [file]: change(only(files), stream) }) }),
  };
}
