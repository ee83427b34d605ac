import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { BallastError, FileError, UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';

/** How a Redis or Valkey is reached. Its password is no part of it where it is kept: `BALLAST_REDIS_PASSWORD` has it. */
export interface RedisPlace {
  /** `redis://host:port/db`, or `rediss://` for TLS. */
  readonly url: string;
  /** Of its keys: several projects share a server. */
  readonly namespace: string;
  /** Path of the certificate that signs the server's, where the system does not know it. */
  readonly ca?: string | undefined;
}

/** A place without what is secret in it, for messages and files. */
export function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

export const isRedisUrl = (text: string): boolean => /^rediss?:\/\//i.test(text);

/** Milliseconds that the first connection may take. */
const patience = 10_000;

/**
 * Connects. From then on a connection that breaks is made again, however long that takes, and what was asked meanwhile is asked then.
 * Throws UsageError for a wrong address or password, and BallastError where nobody answers.
 */
export async function connect({ url, ca }: RedisPlace): Promise<Redis> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError(`${quote(url)} is no address of a Redis; expected redis://host:6379 or rediss://host:6379`, {
      cause,
    });
  }
  const shown = withoutSecrets(url);
  const password = parsed.password ? decodeURIComponent(parsed.password) : process.env.BALLAST_REDIS_PASSWORD;
  const database = Number(parsed.pathname.slice(1) || 0);
  if (!Number.isInteger(database) || database < 0)
    throw new UsageError(`${shown}: expected the number of a database behind the slash`);
  let certificate: Buffer | undefined;
  if (ca !== undefined)
    try {
      certificate = readFileSync(ca);
    } catch (cause) {
      throw new FileError(ca, 'cannot be read; expected a certificate in PEM', { cause });
    }
  let connected = false;
  const redis = new Redis({
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 6379),
    db: database,
    ...(parsed.username ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(password ? { password } : {}),
    ...(parsed.protocol === 'rediss:' ? { tls: certificate ? { ca: certificate } : {} } : {}),
    lazyConnect: true,
    connectTimeout: patience,
    // A server that went away silently is noticed.
    keepAlive: 10_000,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (connected ? Math.min(5000, 100 * times) : null),
  });
  let last: Error | undefined;
  redis.on('error', (error: Error) => {
    last = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    connected = true;
    return redis;
  } catch (cause) {
    redis.disconnect();
    const { message } = last ?? (cause as Error);
    if (/WRONGPASS|NOAUTH|invalid password|without any password/i.test(message))
      throw new UsageError(
        `${shown}: the password is not the right one; BALLAST_REDIS_PASSWORD has it, or the address behind a colon`,
        { cause },
      );
    throw new BallastError(`${shown}: no Redis answers there (${message.split('\n')[0]})`, { cause });
  }
}
