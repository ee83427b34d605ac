/** The files of the page, read once. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileError } from '../../base/errors.ts';
import { pageStyle } from '../../report/index.ts';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
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

function assetOf(name: string, bytes: Buffer): Asset {
  const type = types[extname(name)]!;
  let zipped: Buffer | undefined;
  return {
    type,
    bytes,
    gzip: () => {
      if (bytes.length > 1000) zipped ??= gzipSync(bytes);
      return zipped;
    },
    tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    immutable: /-[\w-]{8}\.\w+$/.test(name),
  };
}

/** The built page by path: `/` and `/assets/...`, with the style of the reports. Throws FileError where it was not built. */
export async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new FileError(folder, 'has no page; expected what `npm run build` makes', { cause });
  });
  const files = names.filter((name) => types[extname(name)] !== undefined);
  const assets = new Map<string, Asset>();
  for (const name of files)
    assets.set(
      name === 'index.html' ? '/' : `/${name.split('\\').join('/')}`,
      assetOf(name, await readFile(join(folder, name))),
    );
  if (!assets.has('/')) throw new FileError(folder, 'has no index.html; expected what `npm run build` makes');
  assets.set('/assets/report.css', assetOf('report.css', Buffer.from(pageStyle)));
  return assets;
}
