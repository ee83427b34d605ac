/** The files of the page, read once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FileError } from '../../base/errors.ts';
import { pageStyle } from '../../report/kit/page-style.ts';

export interface Asset {
  readonly type: string;
  readonly bytes: () => Buffer;
  /** Zipped when it is first asked for; undefined for what is too short for it. */
  readonly gzip: () => Buffer | undefined;
  readonly tag: string;
  /** Whether its name changes with its content. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Large files lie in the package zipped. */
const zippedEnd = '.gz';

/** @param stored What lies there: zipped where the file's name ends so. */
function assetOf(file: string, stored: Buffer): Asset {
  const isZipped = file.endsWith(zippedEnd);
  const name = isZipped ? file.slice(0, -zippedEnd.length) : file;
  let zipped = isZipped ? stored : undefined;
  return {
    type: types[extname(name)]!,
    bytes: () => (isZipped ? gunzipSync(stored) : stored),
    gzip: () => {
      if (stored.length > 1000) zipped ??= gzipSync(stored);
      return zipped;
    },
    tag: `"${createHash('sha256').update(stored).digest('base64url').slice(0, 22)}"`,
    immutable: /-[\w-]{8}\.\w+$/.test(name),
  };
}

/** The built page by path: `/` and `/assets/...`, with the style of the reports. Throws FileError where it was not built. */
export async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new FileError(folder, 'has no page; expected what `npm run build` makes', { cause });
  });
  const assets = new Map<string, Asset>();
  for (const file of names) {
    const name = file.endsWith(zippedEnd) ? file.slice(0, -zippedEnd.length) : file;
    if (types[extname(name)] === undefined) continue;
    const path = name === 'index.html' ? '/' : `/${name.split('\\').join('/')}`;
    assets.set(path, assetOf(file, await readFile(join(folder, file))));
  }
  if (!assets.has('/')) throw new FileError(folder, 'has no index.html; expected what `npm run build` makes');
  assets.set('/assets/report.css', assetOf('report.css', Buffer.from(pageStyle)));
  return assets;
}
