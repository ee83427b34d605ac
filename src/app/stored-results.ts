/** Stored results, read, checked and shown again without computing anything. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileError, reasonOf } from '../base/errors.ts';
import { allMeasurements } from '../instrument/index.ts';
import { type Document, readDocument, toDocument } from '../schema/index.ts';
import { csvOf } from '../study/export/csv.ts';
import { besides } from './beside-results.ts';
import './measurements/index.ts';
import { type Shown, shownKinds } from './shown-kinds.ts';

export interface StoredResult {
  readonly path: string;
  readonly document: Document;
}

/** Files in a folder that say what a study measured: `batch report` is for these. */
const studyFiles = ['study.sqlite', 'measurements.csv', 'measurements.parquet'];

/** The stored results in a file, or in a folder: each JSON file directly in it but what says what the folder is for. Throws FileError where there is none. */
export async function storedResults(path: string): Promise<StoredResult[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new FileError(path, `cannot be read (${reasonOf(cause)}); expected a result or a folder with one`, { cause });
  });
  if (!found.isDirectory()) {
    if (studyFiles.includes(basename(path)))
      throw new FileError(
        path,
        'has the measurements of a study; expected a result (`ballast batch report` reads the folder of a study)',
      );
    return [await storedResult(path)];
  }
  const names = (await readdir(path)).sort();
  const files = names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.') && !besides.includes(name))
    .map((name) => join(path, name));
  if (files.length === 0)
    throw new FileError(
      path,
      names.some((name) => studyFiles.includes(name))
        ? 'is the folder of a study; expected a result such as result.json (`ballast batch report` reads studies)'
        : 'has no result; expected one such as result.json',
    );
  return Promise.all(files.map(storedResult));
}

async function storedResult(path: string): Promise<StoredResult> {
  const document = await readDocument(path);
  const restored = allMeasurements().find((m) => m.kind === document.kind)?.restored;
  return { path, document: restored ? { ...document, result: await restored(document.result) } : document };
}

const shownBy = ({ kind }: Document): Shown | undefined =>
  allMeasurements().find((m) => m.kind === kind) ?? shownKinds.get(kind.kind);

/** The table of a result for a terminal. */
export async function tableOf({ document }: StoredResult, color: boolean): Promise<string> {
  const shown = shownBy(document);
  return (await shown?.table?.(document.result, { color, request: document.request })) ?? csvText(document);
}

/** The page of a result; undefined for kinds that have none. `command`: what made it. */
export async function pageOf({ document }: StoredResult, command?: string): Promise<string | undefined> {
  const { request, result } = document;
  return shownBy(document)?.page?.(result, { request, ...(command === undefined ? {} : { command }) });
}

/** The document in today's form. */
export const documentJson = ({ document: { kind, request, result } }: StoredResult) =>
  toDocument(kind, request, result);

type Cell = string | number | null;
const cellOf = (value: unknown): Cell | undefined => {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) && value.every((v) => typeof v === 'number') ? value.join(' ') : undefined;
};

type Row = Readonly<Record<string, Cell>>;

/** Numbers of a list that one cell may hold: a shape, a kernel's sizes. Longer ones have rows of their own, or are for JSON. */
const mostInACell = 8;

/** What of an object fits into cells: its own numbers and texts, short lists of them, and those of objects in it as `a.b`. */
function cellsOf(value: unknown, prefix: string): Row {
  const cells: Record<string, Cell> = {};
  for (const [key, inner] of Object.entries((value ?? {}) as object)) {
    const cell = Array.isArray(inner) && inner.length > mostInACell ? undefined : cellOf(inner);
    if (cell !== undefined) cells[prefix + key] = cell;
    else if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      Object.assign(cells, cellsOf(inner, `${prefix}${key}.`));
  }
  return cells;
}

/** A row for each item at the end of a path of lists, of which a single item is one, with its place in the last of them and the cells of the items that it lies in. */
function rowsAt(value: unknown, path: NonNullable<Shown['rows']>, around: Row): Row[] {
  const [keys, ...deeper] = path;
  return [keys!].flat().flatMap((key) => {
    const found = (value as Readonly<Record<string, unknown>>)[key];
    const items = Array.isArray(found) ? found : found === undefined || found === null ? [] : [found];
    return items.flatMap((item: unknown, index) => {
      if (typeof item === 'number') return [{ ...around, [`${key}.index`]: index, [`${key}.value`]: item }];
      const ownRows = [deeper[0] ?? []].flat();
      const rest = Object.entries(item as object).filter(([name]) => !ownRows.includes(name));
      const cells = { ...around, ...cellsOf(Object.fromEntries(rest), `${key}.`) };
      return deeper.length === 0 ? [cells] : rowsAt(item, deeper, cells);
    });
  });
}

/** The rows of a result as comma-separated values. */
export function csvText(document: Document): string {
  const { result } = document;
  const path = shownBy(document)?.rows ?? [];
  const rows = Array.isArray(result)
    ? result.map((row) => cellsOf(row, ''))
    : path.length > 0
      ? rowsAt(result, path, {})
      : [cellsOf(result, '')];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return Buffer.concat([
    ...csvOf(
      columns,
      rows.map((row) => columns.map((c) => row[c] ?? null)),
    ),
  ])
    .toString()
    .trimEnd();
}

/** A name for the files of a result: its file's, or its folder's where that says no more than `result`. */
export function nameOf({ path }: StoredResult): string {
  const own = basename(path).replace(/\.json$/, '');
  const folder = basename(dirname(path));
  return own === 'result' && folder !== '.' && folder !== '' ? folder : own;
}

/** A stored result as it is shown. */
export interface RenderedResult {
  readonly path: string;
  /** Of the result, such as `spectrum`. */
  readonly kind: string;
  /** For a terminal. */
  readonly table: string;
  /** A self-contained HTML page; absent for kinds that have none. */
  readonly page?: string;
}

/**
 * Renders the stored results in a file, or in a folder, without computing anything. `color`: for terminals. Throws FileError where there is none, or one that is
 * not as its kind should be.
 */
export async function renderStored(
  path: string,
  { color = false }: { readonly color?: boolean } = {},
): Promise<RenderedResult[]> {
  const found = await storedResults(path);
  return Promise.all(
    found.map(async (stored) => {
      const page = await pageOf(stored);
      return {
        path: stored.path,
        kind: stored.document.kind.kind,
        table: await tableOf(stored, color),
        ...(page !== undefined && { page }),
      };
    }),
  );
}
