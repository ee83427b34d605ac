/** What a folder holds that can be looked at: studies, study files, training runs and stored results. */
import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf } from '../../base/errors.ts';
import type { FolderContents, FolderEntry } from '../../schema/serve/index.ts';
import { besides } from '../beside-results.ts';

/** Folders below the folder that are looked into. */
const deepest = 8;
const mostEntries = 5000;
/** A file whose kind does not stand at its beginning is read whole to know it, up to this size. */
const readWhole = 64 * 2 ** 20;
const headBytes = 4096;

/** What a folder of a study holds, the first that is there. */
const ofStudies = ['study.sqlite', 'measured.json', 'measurements.csv', 'measurements.parquet'];

interface Found {
  /** Null for JSON that is none of ours. */
  readonly kind: string | null;
  readonly problem?: string;
}

interface Seen {
  readonly changed: number;
  readonly bytes: number;
  found: Found;
}

/** What a stored result is until it was read to know what. */
const unread: Found = { kind: 'result' };

/** Looks into a folder again and again; what has not changed is not read again. */
export class FolderBrowser {
  readonly #root: string;
  #seen = new Map<string, Seen>();
  /** Reading that is under way: one file after another. */
  #reading: Promise<void> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * What is there now. Links are passed over, wherever they lead; so are hidden files. A result that does not say at its beginning what it is has the kind `result` until
   * `settled`, and is then listed as what it is. Throws where the folder itself cannot be read.
   */
  async contents(): Promise<FolderContents> {
    const entries: FolderEntry[] = [];
    const seen = new Map<string, Seen>();
    let passed = 0;
    const walk = async (path: string, depth: number): Promise<void> => {
      const here = join(this.#root, path);
      let found: Dirent[];
      try {
        found = await readdir(here, { withFileTypes: true });
      } catch (cause) {
        if (depth === 0) throw cause;
        passed++;
        return;
      }
      found = found.filter(({ name }) => !name.startsWith('.') && name !== 'node_modules').sort(byName);
      const links = found.filter((e) => e.isSymbolicLink());
      passed += links.length;
      const files = new Set(found.filter((e) => e.isFile()).map((e) => e.name));
      const below = (name: string) => (path === '' ? name : `${path}/${name}`);
      const note = async (name: string, kind: string, at = below(name), problem?: string) => {
        const { mtimeMs, size } = await stat(join(here, name));
        entries.push({
          ...{ path: at, kind, changed: mtimeMs, bytes: size },
          name:
            at === (path || '.') || basename(name) === 'result.json' ? basename(path) || basename(this.#root) : name,
          ...(problem !== undefined && { problem }),
        });
      };
      const study = ofStudies.find((name) => files.has(name));
      if (study !== undefined) await note(study, 'study', path || '.');
      else if (files.has('metrics.jsonl') && files.has('config.json') && !files.has('result.json'))
        await note('metrics.jsonl', 'run', path || '.');
      for (const name of files) {
        if (entries.length >= mostEntries) return;
        if (/\.ya?ml$/i.test(name)) {
          if (study === undefined && (await isStudyFile(join(here, name)))) await note(name, 'study-file');
        } else if (name.endsWith('.json') && !besides.includes(name) && name !== 'measured.json') {
          const known = await this.#known(below(name));
          seen.set(below(name), known);
          const { kind, problem } = known.found;
          if (kind !== null) await note(name, kind, below(name), problem);
        }
      }
      for (const entry of found) {
        if (!entry.isDirectory()) continue;
        // Of each trial of a study there is a folder.
        if (files.has('study.sqlite') && entry.name === 'trials') continue;
        if (depth + 1 > deepest) passed++;
        else if (entries.length < mostEntries) await walk(below(entry.name), depth + 1);
      }
    };
    await walk('', 0);
    this.#seen = seen;
    entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { name: basename(this.#root), entries, passed, more: entries.length >= mostEntries };
  }

  /** Resolves when everything that was listed has been read as far as it takes to know what it is; tells whether anything was read. */
  async settled(): Promise<boolean> {
    const waits = [...this.#seen.values()].some(({ found }) => found === unread);
    await this.#reading;
    return waits;
  }

  async #known(path: string): Promise<Seen> {
    const file = join(this.#root, path);
    const { mtimeMs: changed, size: bytes } = await stat(file);
    const before = this.#seen.get(path);
    if (before?.changed === changed && before.bytes === bytes) return before;
    const kind = kindAtBeginning(await headOf(file).catch(() => ''));
    const seen: Seen = { changed, bytes, found: kind === undefined ? unread : { kind } };
    if (kind === undefined)
      this.#reading = this.#reading.then(async () => {
        seen.found = await kindWithin(file, bytes);
      });
    return seen;
  }
}

const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1);

async function headOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

const isStudyFile = async (file: string) => /^(?:batchSizes|workloads):/m.test(await headOf(file).catch(() => ''));

const kindAtBeginning = (head: string) => /^\s*\{\s*"kind":\s*"([a-z-]{1,40})",\s*"version":\s*\d+/.exec(head)?.[1];

/** The kind of a stored result that is read whole. */
async function kindWithin(file: string, bytes: number): Promise<Found> {
  const problematic = (problem: string) => ({ kind: basename(file) === 'result.json' ? 'unreadable' : null, problem });
  if (bytes > readWhole) return problematic('is too large to be looked into for its kind');
  try {
    // What knows all kinds takes a second to load, and most files say at their beginning what they are.
    const { storedResults } = await import('../stored-results.ts');
    const [stored] = await storedResults(file);
    return { kind: stored!.document.kind.kind };
  } catch (error) {
    return problematic(reasonOf(error));
  }
}
