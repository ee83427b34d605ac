/** Requests, one by one: who asks, what is asked, and the answer as HTTP has it. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { reasonOf } from '../../base/errors.ts';
import { firstProblem } from '../../schema/index.ts';
import { eventsRequest, type OperationName, operations, pageRequest } from '../../schema/serve/index.ts';
import type { EventStreams } from '../events/event-streams.ts';
import type { Asset } from './assets.ts';
import { jsonBody, parsedJson } from './body.ts';
import type { Guard } from './guard.ts';
import { Refusal } from './refusal.ts';

/** Nothing runs but the page's own scripts, and nothing is fetched from anywhere else. Styles of elements are those that figures have. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of a page that lies in the folder, whoever wrote it: nothing of it runs, nothing is fetched, and it is no part of this server. */
const policyOfPages = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export interface Served {
  readonly guard: Guard;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly streams: EventStreams;
  /** Answers an operation; throws Refusal. */
  readonly answer: (name: OperationName, request: unknown) => Promise<unknown>;
  /** A page that was written with a result; throws Refusal. */
  readonly page: (path: string) => Promise<Buffer>;
  /** The OpenAPI document as JSON. */
  readonly openApi: () => string;
}

export function listener(served: Served): RequestListener {
  return (request, response) => {
    handle(served, request, response).catch((error: unknown) => refuse(response, error));
  };
}

function refuse(response: ServerResponse, error: unknown): void {
  const status = error instanceof Refusal ? error.status : 500;
  const message = error instanceof Refusal ? error.message : `unexpected failure: ${reasonOf(error)}`;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What it still sends is not read.
  if (status === 413) response.setHeader('connection', 'close');
  send(response, status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify({ error: message })));
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  bytes: Buffer,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    ...more,
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

async function handle(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const { guard } = served;
  guard.admit(request);
  await guard.admitUser(request);
  const url = addressOf(request);
  const token = url.searchParams.get('token');
  const isApi = url.pathname.startsWith('/api/');
  if (!guard.knows(request, token)) {
    if (isApi) throw new Refusal(401, 'needs the token: open the address that `ballast serve` printed');
    const text = 'This page needs the token: open the address that `ballast serve` printed.\n';
    send(response, 401, 'text/plain; charset=utf-8', Buffer.from(text));
    return;
  }
  if (token !== null && !isApi) {
    // The address is without it from now on: addresses are shared, and shown.
    url.searchParams.delete('token');
    response.writeHead(303, {
      location: `${url.pathname}${url.search}`,
      'set-cookie': `${guard.cookie}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000`,
    });
    response.end();
    return;
  }
  if (url.pathname === '/api/events') return openEvents(served, request, response, url);
  if (url.pathname === '/api/page') {
    requireMethod(request, 'GET', 'HEAD');
    const asked = pageRequest.safeParse(Object.fromEntries(url.searchParams));
    if (!asked.success) throw new Refusal(400, firstProblem(asked.error));
    const bytes = await served.page(asked.data.path);
    response.setHeader('content-security-policy', policyOfPages);
    return send(response, 200, 'text/html; charset=utf-8', bytes);
  }
  if (url.pathname === '/api/openapi.json') {
    requireMethod(request, 'GET', 'HEAD');
    return send(response, 200, 'application/json; charset=utf-8', Buffer.from(served.openApi()));
  }
  if (isApi) return answerOperation(served, request, response, url);
  requireMethod(request, 'GET', 'HEAD');
  sendAsset(served, request, response, url.pathname);
}

function addressOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    throw new Refusal(400, 'is no address');
  }
}

function requireMethod(request: IncomingMessage, ...methods: readonly string[]): void {
  if (!methods.includes(request.method ?? '')) throw new Refusal(405, `expected ${methods.join(' or ')}`);
}

function openEvents({ streams }: Served, request: IncomingMessage, response: ServerResponse, url: URL): void {
  requireMethod(request, 'GET');
  const last = request.headers['last-event-id'];
  const asked = eventsRequest.safeParse({
    ...Object.fromEntries(url.searchParams),
    study: url.searchParams.getAll('study'),
    ...(typeof last === 'string' && last !== '' && { since: last }),
  });
  if (!asked.success) throw new Refusal(400, firstProblem(asked.error));
  streams.open(request, response, asked.data);
}

const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);

async function answerOperation(
  { answer }: Served,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const name = url.pathname.slice('/api/'.length);
  if (!isOperation(name)) throw new Refusal(404, 'there is no such operation');
  const operation = operations[name];
  // A query may be too long for an address.
  if (operation.does === 'query') requireMethod(request, 'GET', 'POST');
  else requireMethod(request, 'POST');
  const given = request.method === 'GET' ? parsedJson(url.searchParams.get('q') ?? '{}') : await jsonBody(request);
  const checked = operation.request.strict().safeParse(given);
  if (!checked.success) throw new Refusal(400, firstProblem(checked.error));
  const value = await answer(name, checked.data);
  send(response, 200, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)));
}

function sendAsset({ assets }: Served, request: IncomingMessage, response: ServerResponse, path: string): void {
  // Views have addresses of their own, which the page reads.
  const asset = assets.get(path) ?? (/\.\w+$/.test(path) ? undefined : assets.get('/'));
  if (!asset) throw new Refusal(404, 'there is no such file');
  const cached = {
    etag: asset.tag,
    'cache-control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (request.headers['if-none-match'] === asset.tag) {
    response.writeHead(304, cached);
    response.end();
    return;
  }
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) ? asset.gzip() : undefined;
  send(response, 200, asset.type, zipped ?? asset.bytes(), {
    ...cached,
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
  });
}
