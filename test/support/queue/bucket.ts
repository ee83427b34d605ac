/** An S3 server of somebody else (@20minutes/s3rver) on a port of this machine, behind a check of signatures. */
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bucket, openBucket } from '../../../src/queue/index.ts';
import { freePort } from './redis.ts';

interface S3App {
  configureBuckets(): Promise<unknown>;
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  readonly logger: { readonly exceptions: { unhandle(): void }; close(): void };
}

const load = createRequire(import.meta.url);
const S3rver = load('@20minutes/s3rver') as new (options: object) => S3App;
const { DUMMY_ACCOUNT } = load('@20minutes/s3rver/lib/models/account') as {
  readonly DUMMY_ACCOUNT: { createKeyPair(accessKeyId: string, secretAccessKey: string): void };
};

/** What programs are given; nobody is to see the secret again. */
export const keys = { AWS_ACCESS_KEY_ID: 'AKIABALLASTTESTS', AWS_SECRET_ACCESS_KEY: 'never-seen-0n-any-0utput' };
DUMMY_ACCOUNT.createKeyPair(keys.AWS_ACCESS_KEY_ID, keys.AWS_SECRET_ACCESS_KEY);

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** What is wrong with the signature of a request (version 4, as Amazon describes it); the server's own check takes the path of a bucket for another one than is sent. */
function signatureProblem({ method, url = '', headers }: IncomingMessage): string | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (!match) return 'AccessDenied';
  const [, id, date, region, signed, signature] = match;
  if (id !== keys.AWS_ACCESS_KEY_ID) return 'InvalidAccessKeyId';
  const [path, query = ''] = url.split('?');
  const request = [
    ...[
      method,
      path,
      query
        .split('&')
        .map((p) => (p === '' || p.includes('=') ? p : `${p}=`))
        .sort()
        .join('&'),
    ],
    ...signed!.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    ...['', signed, headers['x-amz-content-sha256']],
  ].join('\n');
  const hash = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], `${date}/${region}/s3/aws4_request`, hash].join('\n');
  const key = [region!, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${keys.AWS_SECRET_ACCESS_KEY}`, date!));
  return hmac(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

/** Of Amazon's library, all else that a machine may have is left out. */
export const keysAlone = {
  ...keys,
  ...{ AWS_REGION: undefined, AWS_PROFILE: undefined, AWS_SESSION_TOKEN: undefined, AWS_EC2_METADATA_DISABLED: 'true' },
  ...{ AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' },
};

/** Gives the keys to this process. Returns what takes them back: other tests run in it afterwards. */
export function withKeys(): () => void {
  const before = new Map(Object.keys(keysAlone).map((name) => [name, process.env[name]]));
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(keysAlone)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}

export interface BucketServer {
  readonly endpoint: string;
  /** Of a bucket that is there. */
  readonly url: string;
  readonly port: number;
  open(url?: string): Promise<Bucket>;
  /** Ends it, with all connections; with `start` it has what it had. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBucket(): Promise<BucketServer> {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const url = 's3://lab/studies/mine';
  const app = new S3rver({
    ...{ silent: true, directory, allowMismatchedSignatures: true },
    configureBuckets: [{ name: 'lab' }],
  });
  await app.configureBuckets();
  const answer = app.callback();
  let server: Server | undefined;
  const start = async () => {
    const one = createServer((request, response) => {
      const problem = signatureProblem(request);
      if (problem === undefined) return answer(request, response);
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${problem}</Code><Message>no</Message></Error>`);
    });
    server = one;
    await new Promise<void>((resolve, reject) => {
      one.on('error', reject);
      one.listen(port, '127.0.0.1', resolve);
    });
  };
  const kill = async () => {
    const one = server;
    server = undefined;
    if (one === undefined) return;
    const closed = new Promise((resolve) => one.close(resolve));
    one.closeAllConnections();
    await closed;
  };
  await start();
  return {
    ...{ endpoint, url, port, start, kill },
    open: (own = url) => openBucket({ url: own, endpoint }),
    async stop() {
      await kill();
      app.logger.exceptions.unhandle();
      app.logger.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
