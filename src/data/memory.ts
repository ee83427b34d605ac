import { BallastError } from '../base/errors.ts';

/** Share of the memory which is available that a data set may take: the network that looks at it needs some too. */
const share = 0.5;

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;

/**
 * A byte for each pixel of `count` pictures of `shape` (channels and masks, height, width).
 *
 * @param where What the pictures are from, to open the message.
 * @param available Memory that may be used, in bytes; what the machine or the container has left unless told.
 * @throws BallastError before anything is taken when they need more than half of that.
 */
export function pictureBytes(
  where: string,
  count: number,
  shape: readonly [number, number, number],
  available: number = process.availableMemory(),
): Uint8Array {
  const bytes = count * shape[0] * shape[1] * shape[2];
  const refuse = (limit: string, cause?: unknown) =>
    new BallastError(
      `${where}: ${count} images of ${shape.join(' x ')} bytes need ${gibibytes(bytes)} of memory, ${limit}; take fewer or smaller ones`,
      { cause },
    );
  if (bytes > share * available) throw refuse(`expected at most ${gibibytes(share * available)}, half of what is free`);
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw refuse('which the system does not give', cause);
  }
}
