/** A real Redis of this machine, in a folder of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arePrograms } from './packages.ts';

export const hasRedis = (): boolean => arePrograms(['redis-server'], ['redis-server']);

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it at once, and with `start` begins it again from its append-only file. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly folder: string;
}

export interface RedisServerOptions {
  readonly password?: string;
  /** Over TLS alone, with a certificate of its own: `ca.pem` in its folder. */
  readonly tls?: boolean;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function makeCertificate(folder: string): void {
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'ca.pem')],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
}

export async function startRedis({ password, tls = false }: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-redis-'));
  const port = await freePort();
  if (tls) makeCertificate(folder);
  const args = [
    ...(tls
      ? [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...['--tls-cert-file', 'ca.pem', '--tls-key-file', 'key.pem', '--tls-ca-cert-file', 'ca.pem'],
        ]
      : ['--port', String(port)]),
    ...[
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
    ],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ];
  let child: ChildProcess | undefined;
  const start = async () => {
    const one = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    child = one;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      one.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Ready to accept connections')) resolve();
      });
      one.on('exit', (code) => reject(new Error(`redis-server ended (${code}): ${said.slice(-2000)}`)));
    });
  };
  const kill = async () => {
    const one = child;
    if (!one || one.exitCode !== null) return;
    const gone = new Promise((resolve) => one.once('exit', resolve));
    one.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    ...{ port, folder, start, kill },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
