/** What a folder holds that can be looked at: studies, study files, training runs and stored results. */
import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf } from '../../base/errors.ts';
import type { FolderContents, FolderEntry } from '../../schema/serve/index.ts';
import { besides, storedResults } from '../stored-results.ts';

/** Folders below the folder that are looked into. */
const deepest = 8;
const mostEntries = 5000;
/** A file whose kind does not stand at its beginning is read whole to know it, up to this size. */
const readWhole = 64 * 2 ** 20;
const headBytes = 4096;

/** What a folder of a study holds, the first that is there. */
const ofStudies = ['study.sqlite', 'measured.json', 'measurements.csv', 'measurements.parquet'];

interface Seen {
  readonly changed: number;
  readonly bytes: number;
  readonly kind: string | null;
  readonly problem?: string;
}

/** Looks into a folder again and again; what has not changed is not read again. */
export class FolderBrowser {
  readonly #root: string;
  #seen = new Map<string, Seen>();

  constructor(root: string) {
    this.#root = root;
  }

  /** What is there now. Links are passed over, wherever they lead; so are hidden files. Throws where the folder itself cannot be read. */
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
          if (known.kind !== null) await note(name, known.kind, below(name), known.problem);
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

  async #known(path: string): Promise<Seen> {
    const file = join(this.#root, path);
    const { mtimeMs: changed, size: bytes } = await stat(file);
    const before = this.#seen.get(path);
    if (before?.changed === changed && before.bytes === bytes) return before;
    return { changed, bytes, ...(await kindOf(file, bytes)) };
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

/** The kind of a stored result; null for JSON that is none of ours. */
async function kindOf(file: string, bytes: number): Promise<Pick<Seen, 'kind' | 'problem'>> {
  const problematic = (problem: string) => ({ kind: basename(file) === 'result.json' ? 'unreadable' : null, problem });
  try {
    const written = /^\s*\{\s*"kind":\s*"([a-z-]{1,40})",\s*"version":\s*\d+/.exec(await headOf(file))?.[1];
    if (written !== undefined) return { kind: written };
    if (bytes > readWhole) return problematic('is too large to be looked into for its kind');
    const [stored] = await storedResults(file);
    return { kind: stored!.document.kind.kind };
  } catch (error) {
    return problematic(reasonOf(error));
  }
}
