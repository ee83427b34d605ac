import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import { writeError, writeFileAtomic } from '../../formats/index.ts';
import { type CifarName, cifarLayouts } from './cifar-layout.ts';

/** What is to be downloaded, and where to. */
export interface DownloadRequest {
  readonly dataset: CifarName;
  /** Folder that gets the archive; made if it does not exist. */
  readonly dir: string;
  /** Bytes so far and in all. */
  readonly onProgress?: (received: number, total: number) => void;
  /** Another place that has the archive, and what it must be; the official one unless given. */
  readonly mirror?: { readonly url: string; readonly sha256: string; readonly bytes: number };
  /** Give up when nothing comes for so long; 60 s unless told. */
  readonly stallSeconds?: number;
}

/** The download failed or brought something else; nothing is left behind. The address opens the message. */
export class DownloadError extends BallastError {
  constructor(url: string, problem: string, options: { cause?: unknown } = {}) {
    super(`${url}: ${problem}`, options);
  }
}

/**
 * Fetches the official archive of CIFAR-10 (162 MiB) or CIFAR-100 (161 MiB) into a folder where `loadCifar` finds it, and returns its path.
 * The file appears under its name only when it is complete and its SHA-256 is right.
 *
 * @throws DownloadError when the server cannot be reached or sends something else; FileError when the disk does not take it.
 */
export async function downloadCifar({
  dataset,
  dir,
  onProgress,
  mirror,
  stallSeconds = 60,
}: DownloadRequest): Promise<string> {
  const layout = cifarLayouts[dataset];
  const { url, sha256, bytes } = mirror ?? { url: layout.url, sha256: layout.sha256, bytes: layout.archiveBytes };
  const path = join(dir, layout.archive);
  await mkdir(dir, { recursive: true }).catch((cause: unknown) => {
    throw writeError(dir, cause);
  });

  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), 1000 * stallSeconds);
  const failure = (cause: unknown): DownloadError => {
    if (cause instanceof DownloadError) return cause;
    if (stalled.signal.aborted) return new DownloadError(url, `nothing came for ${stallSeconds} s`, { cause });
    const { message, cause: deeper } = cause as Error;
    const reason = deeper instanceof Error ? deeper.message || (deeper as NodeJS.ErrnoException).code : message;
    return new DownloadError(url, `cannot be fetched (${reason})`, { cause });
  };

  const checked = async function* (): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    let received = 0;
    try {
      const response = await fetch(url, { signal: stalled.signal });
      if (!response.ok || !response.body) {
        throw new DownloadError(url, `the server answered ${response.status} ${response.statusText}`);
      }
      for await (const chunk of response.body) {
        timer.refresh();
        received += chunk.length;
        if (received > bytes) throw new DownloadError(url, `sends more than the ${bytes} bytes of ${layout.archive}`);
        hash.update(chunk);
        onProgress?.(received, bytes);
        yield chunk;
      }
    } catch (cause) {
      throw failure(cause);
    }
    if (received !== bytes) throw new DownloadError(url, `sent ${received} bytes, expected ${bytes}`);
    const digest = hash.digest('hex');
    if (digest !== sha256) throw new DownloadError(url, `has SHA-256 ${digest}, expected ${sha256}`);
  };
  try {
    await writeFileAtomic(path, checked());
  } finally {
    clearTimeout(timer);
  }
  return path;
}
