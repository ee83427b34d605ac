import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCifar } from '../../../src/data/sets/cifar.ts';
import { DownloadError, downloadCifar } from '../../../src/data/sets/cifar-download.ts';

let server: Server;
let base: string;
let archive: Buffer;
let dir: string;
let requests = 0;

/** What the server does at each address. */
const answers: Record<string, (response: ServerResponse) => void> = {
  '/whole': (response) => response.end(archive),
  '/cut': (response) => {
    response.setHeader('Content-Length', archive.length);
    response.write(archive.subarray(0, 1000), () => response.destroy());
  },
  '/short': (response) => response.end(archive.subarray(0, 1000)),
  '/long': (response) => response.end(Buffer.concat([archive, Buffer.alloc(1)])),
  '/other': (response) => response.end(Buffer.alloc(archive.length)),
  '/stall': (response) => response.write(archive.subarray(0, 1000)),
};

beforeAll(async () => {
  const tar = pack();
  const zeros = Buffer.alloc(30_730_000);
  tar.entry({ name: 'cifar-10-batches-bin/test_batch.bin' }, zeros);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  archive = gzipSync(Buffer.concat(chunks), { level: 1 });
  server = createServer((request, response) => {
    requests++;
    const answer = answers[request.url ?? ''];
    if (answer) answer(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-download-'));
  return () => rm(dir, { recursive: true });
});

const mirror = (path: string) => ({
  url: `${base}${path}`,
  sha256: createHash('sha256').update(archive).digest('hex'),
  bytes: archive.length,
});
const fetchFrom = (path: string) => downloadCifar({ dataset: 'cifar10', dir, mirror: mirror(path), stallSeconds: 0.3 });

describe('a CIFAR download', () => {
  it('brings the archive whole and reports its progress', async () => {
    const progress: number[] = [];
    const path = await downloadCifar({
      dataset: 'cifar10',
      dir: join(dir, 'new', 'folder'),
      mirror: mirror('/whole'),
      onProgress: (received, total) => {
        expect(total).toBe(archive.length);
        progress.push(received);
      },
    });
    expect((await readFile(path)).equals(archive)).toBe(true);
    expect(await readdir(join(dir, 'new', 'folder'))).toEqual(['cifar-10-binary.tar.gz']);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(archive.length);
  });

  const failures: Record<string, { path: string; problem: string }> = {
    'is cut': { path: '/cut', problem: 'cannot be fetched (' },
    'ends early': { path: '/short', problem: 'sent 1000 bytes, expected' },
    'is too long': { path: '/long', problem: 'sends more than the' },
    'is another file': { path: '/other', problem: 'has SHA-256' },
    'is not there': { path: '/none', problem: 'the server answered 404 Not Found' },
    'comes no further': { path: '/stall', problem: 'nothing came for 0.3 s' },
  };
  for (const [name, { path, problem }] of Object.entries(failures)) {
    it(`that ${name} fails, naming the address, and leaves nothing behind`, async () => {
      const download = fetchFrom(path);
      await expect(download).rejects.toThrow(DownloadError);
      await expect(download).rejects.toThrow(`${base}${path}: ${problem}`);
      expect(await readdir(dir)).toEqual([]);
    });
  }

  it('from a server that cannot be reached says so', async () => {
    const download = downloadCifar({ dataset: 'cifar10', dir, mirror: { ...mirror(''), url: 'http://127.0.0.1:1/x' } });
    await expect(download).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1\/x: cannot be fetched \(.+\)$/);
    expect(await readdir(dir)).toEqual([]);
  });

  it('happens when loading only if it is asked for, and only once', async () => {
    const request = { dataset: 'cifar10', dir, split: 'test', mirror: mirror('/whole') } as const;
    const before = requests;
    await expect(loadCifar(request)).rejects.toThrow('expected test_batch.bin');
    expect(requests).toBe(before);
    expect((await loadCifar({ ...request, download: true })).count).toBe(10_000);
    expect((await loadCifar({ ...request, download: true })).count).toBe(10_000);
    expect(requests).toBe(before + 1);
  });
});
