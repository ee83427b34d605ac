import { randomBytes } from 'node:crypto';
import { UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import { withoutSecrets } from '../../queue/index.ts';

export { isRedisUrl } from '../../queue/index.ts';

/**
 * How a study is handed out through Redis. A password in the address goes into the environment of this process, as BALLAST_REDIS_PASSWORD would be, and nowhere else. Throws UsageError
 * for an address that is none.
 */
export function redisChoice(
  address: string,
  {
    namespace = 'default',
    redisCa,
    bucket,
    s3Endpoint,
  }: {
    readonly namespace?: string | undefined;
    readonly redisCa?: string | undefined;
    readonly bucket?: string | undefined;
    readonly s3Endpoint?: string | undefined;
  },
) {
  try {
    const { password } = new URL(address);
    if (password) process.env.BALLAST_REDIS_PASSWORD = decodeURIComponent(password);
    return {
      kind: 'redis',
      url: withoutSecrets(address),
      namespace,
      ...(redisCa === undefined ? {} : { ca: redisCa }),
      study: randomBytes(6).toString('hex'),
      ...(bucket === undefined ? {} : { bucket }),
      ...(s3Endpoint === undefined ? {} : { s3Endpoint }),
    };
  } catch (cause) {
    throw new UsageError(`${quote(address)} is no address of a Redis; expected redis://host:6379`, { cause });
  }
}
