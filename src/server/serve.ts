import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';

import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { databaseName } from '../app/browse/index.ts';
import { BallastError, FileError, UsageError } from '../base/errors.ts';
import type { OperationName, RequestOf, ResponseOf } from '../schema/serve/index.ts';
import { Desk } from './desk/desk.ts';
import type { DeskOperation } from './desk/messages.ts';
import { Changes } from './events/changes.ts';
import { EventStreams } from './events/event-streams.ts';
import { readAssets } from './http/assets.ts';
import { Guard, isLoopback } from './http/guard.ts';
import { listener } from './http/listener.ts';
import { Refusal } from './http/refusal.ts';
import { Jobs } from './jobs/jobs.ts';
import { Once } from './once.ts';
import { openApi } from './open-api.ts';
import { ServedFolder } from './served-folder.ts';

export interface ServeOptions {
  /** The folder that is served. */
  readonly folder: string;
  /** `127.0.0.1` unless told. */
  readonly host?: string | undefined;
  /** Any free one unless told. */
  readonly port?: number | undefined;
  /** What every request has to bring; a random one unless told, where the server listens elsewhere than on this machine. */
  readonly token?: string | undefined;
  /** The built page; that of the package unless told. */
  readonly page?: string | undefined;
}

export interface RunningServer {
  /** What opens the page, with the token where one is needed. */
  readonly address: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Ends the server; its jobs save and end before. */
  close(): Promise<void>;
}

/** What may take minutes, of a large study: it has a process of its own, and the rest is answered meanwhile. */
const analyses: ReadonlySet<OperationName> = new Set<OperationName>(['analysis', 'report', 'cost']);
/** Milliseconds that an analysis may take: that of ten million measurements takes minutes, and many of them where the machine is busy. */
const analysing = 3_600_000;
/** What may take seconds. */
const results: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(['folder', 'result', 'figure', 'csv', 'spectra', 'scaled', 'forms', 'check'] as const),
]);

/** A page with the pictures of a few hundred images has some megabytes. */
const largestPage = 128 * 2 ** 20;

/** Connections at a time: event streams, and what pages ask beside them. */
const mostConnections = 1024;

/** Serves a folder. Throws FileError for what is no folder or a page that was not built, UsageError for a port that is taken. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { host = '127.0.0.1' } = options;
  const folder = await ServedFolder.open(options.folder);
  const assets = await readAssets(options.page ?? builtPage());
  const token = options.token ?? (isLoopback(host) ? undefined : randomBytes(24).toString('base64url'));
  const changes = new Changes();
  const streams = new EventStreams(changes, randomUUID());
  const quick = new Desk({
    folder: folder.root,
    onChange: ({ study, progress, trials, since }) => {
      for (const trial of trials) changes.publish({ kind: 'trial', study, trial }, since);
      changes.publish({ kind: 'study', progress }, since);
    },
    onFolder: (since) => changes.publish({ kind: 'folder' }, since),
  });
  const thorough = new Desk({ folder: folder.root });
  const analyst = new Desk({ folder: folder.root, patience: analysing });
  const jobs = new Jobs({
    onChange: (job) => changes.publish({ kind: 'job', job }),
    onForget: (job) => changes.forget({ kind: 'job', job }),
    told: (message) => folder.told(message),
  });
  streams.onCount = (count) => {
    quick.watching = count > 0;
  };
  const once = new Once();

  const deskOf = (name: OperationName, request: unknown): Desk => {
    // Figures are those of the page that was drawn last.
    const ofStudy = name === 'figure' && !/\.json$/.test((request as RequestOf<'figure'>).of);
    return ofStudy || analyses.has(name) ? analyst : results.has(name) ? thorough : quick;
  };

  const ask = async (name: OperationName, request: unknown): Promise<unknown> => {
    switch (name) {
      case 'jobs':
        return { jobs: jobs.states } satisfies ResponseOf<'jobs'>;
      case 'stop':
        jobs.stop((request as RequestOf<'stop'>).job);
        return { done: 'it saves what it has and ends' };
      case 'measure': {
        const { name: what, request: asked, folder: into } = request as RequestOf<'measure'>;
        await folder.checkPaths(asked);
        if (into === '' || into === '.') throw new Refusal(400, 'folder: expected a folder of its own');
        const order = {
          what: 'measure' as const,
          name: what,
          request: asked,
          folder: await folder.place(into),
          root: folder.root,
        };
        return { job: jobs.start(order, what, into) };
      }
      case 'start':
        return start(request as RequestOf<'start'>);
      case 'study': {
        // What changes while it is read comes as an event too.
        const { cursor } = changes;
        return { ...(await quick.ask(name, request as RequestOf<'study'>)), cursor };
      }
      default:
        return deskOf(name, request).ask(name satisfies DeskOperation, request as never);
    }
  };

  const start = async ({ study, maxParallel }: RequestOf<'start'>) => {
    const isFile = /\.ya?ml$/i.test(study);
    const into = isFile ? study.replace(/\.ya?ml$/i, '') : study;
    const place = await folder.studyPlace(into);
    const file = isFile ? await folder.place(study) : undefined;
    if (file !== undefined && !existsSync(file)) throw new FileError(study, 'is not there; expected a study file');
    if (existsSync(join(place, databaseName))) await quick.ask('resume', { study: into, once: 'by-start' });
    else if (file === undefined) throw new FileError(study, 'has no study that was begun');
    const order =
      file === undefined
        ? { what: 'resume' as const, folder: place, maxParallel }
        : { what: 'study' as const, file, folder: place, maxParallel };
    return { job: jobs.start(order, 'study', into) };
  };

  const answer = (name: OperationName, request: unknown): Promise<unknown> => {
    const key = (request as { once?: string }).once;
    const answered = () => ask(name, request).catch((error: unknown) => Promise.reject(refusalOf(error, folder)));
    return key === undefined ? answered() : once.do(key, JSON.stringify([name, request]), answered);
  };

  const page = async (path: string): Promise<Buffer> => {
    try {
      const file = await folder.place(path);
      if (!/\.html$/.test(path)) throw new FileError(path, 'is no page; expected one such as report.html');
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) throw new FileError(path, 'is not there');
      if (found.size > largestPage) throw new FileError(path, `is larger than ${largestPage} bytes`);
      return await readFile(file);
    } catch (error) {
      throw refusalOf(error, folder);
    }
  };

  const server = createServer({
    maxHeaderSize: 16_384,
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 5_000,
  });
  server.maxConnections = mostConnections;
  const port = await listening(server, host, options.port ?? 0);
  // Not before: a server that could not listen would leave them behind.
  quick.start();
  thorough.start();
  const guard = new Guard({ host, port, token });
  server.on('request', listener({ guard, assets, streams, answer, page, openApi: () => JSON.stringify(openApi()) }));
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    address: `http://${shown}:${port}/${token === undefined ? '' : `?token=${token}`}`,
    port,
    token,
    async close() {
      streams.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await jobs.close();
      quick.close();
      thorough.close();
      analyst.close();
      await closed;
    },
  };
}

/** What is wrong with a request, as it is told. */
const refusalOf = (error: unknown, folder: ServedFolder) =>
  error instanceof BallastError
    ? new Refusal(error instanceof FileError ? 404 : 400, folder.told(error.message))
    : error;

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'is taken by another program; choose another port'
          : `cannot be listened at (${cause.code})`;
      reject(new UsageError(`${host}:${port}: ${why}`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Beside the compiled server; where the sources run, what was built of them. */
function builtPage(): string {
  const here = fileURLToPath(new URL('../web', import.meta.url));
  return here.includes('/src/') || here.includes('\\src\\')
    ? fileURLToPath(new URL('../../dist/web', import.meta.url))
    : here;
}
