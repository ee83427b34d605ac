/** A served folder for tests: a server in this process, and what is asked of it over HTTP. */

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import type { AskedOf, OperationName, ResponseOf } from '../../src/schema/serve/index.ts';
import type { RunningServer, ServeOptions } from '../../src/server/index.ts';
import { builtCommand } from '../support/built.ts';

// The page is built first, which may take longer than any test is given; compiled, the processes of a server start sooner than from its sources.
builtCommand();
const compiled = pathToFileURL(resolve('dist/server/index.js')).href;
const built = (await import(compiled)) as typeof import('../../src/server/index.ts');

/** Waits until something holds. Throws what it came to last where it does not within a minute. */
export async function until<T>(what: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + 60_000; ; ) {
    const value = await what();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A folder that is gone when the file's tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-serve-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What serves folders until the tests around this call are over. To be called where tests are declared: a hook that is made within another one, or within a test, never runs. */
export function serving(): (options: ServeOptions) => Promise<RunningServer> {
  const servers: RunningServer[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.close())));
  return async (options) => {
    const server = await built.startServer(options);
    servers.push(server);
    return server;
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A request as it is written, with the headers that are told and no others: what a browser would never send too. */
export function sent(
  { port }: Pick<RunningServer, 'port'>,
  path: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Asks an operation as the page does. Throws with the message of a refusal. */
export async function ask<Name extends OperationName>(
  server: RunningServer,
  name: Name,
  asked: AskedOf<Name>,
): Promise<ResponseOf<Name>> {
  const { status, text } = await sent(server, `/api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  const value = JSON.parse(text) as { error?: string };
  if (status !== 200) throw new Error(`${status}: ${value.error}`);
  return value as ResponseOf<Name>;
}

/** What the folder holds when everything in it was read as far as it takes to know what it is. */
export const settledFolder = (server: RunningServer): Promise<ResponseOf<'folder'>> =>
  until(
    () => ask(server, 'folder', {}),
    ({ entries }) => entries.every((e) => e.kind !== 'result'),
  );
