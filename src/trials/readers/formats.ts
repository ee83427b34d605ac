import { open } from 'node:fs/promises';
import { FileError } from '../../base/errors.ts';
import { readFailure } from '../../formats/index.ts';
import { csv } from './formats/csv.ts';
import { jsonLines } from './formats/json-lines.ts';
import { mlflow } from './formats/mlflow.ts';
import { printedLines } from './formats/printed-lines.ts';
import { tensorboard } from './formats/tensorboard.ts';
import { trainerState } from './formats/trainer-state.ts';
import { wandb } from './formats/wandb.ts';
import { describeContent } from './head.ts';
import type { LogFormat } from './reader.ts';

/** The formats that are read, in the order in which a file is held against them: what is sure first, lines of text last. */
export const logFormats: readonly LogFormat[] = [
  tensorboard,
  wandb,
  mlflow,
  trainerState,
  jsonLines,
  csv,
  printedLines,
];

const headBytes = 1 << 16;

/** The first bytes of a file, up to 64 KiB. Throws FileError where it cannot be read. */
export async function headOf(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new FileError(path, readFailure(cause), { cause });
  }
}

/** The format that a file has, by its content (and its name where that leaves it open); undefined for none. */
export const recognize = (head: Uint8Array, path: string): LogFormat | undefined =>
  logFormats.find((format) => format.recognizes(head, path));

/** The format of a file. Throws FileError that says what the file is instead. */
export async function formatOf(path: string): Promise<LogFormat> {
  const head = await headOf(path);
  const found = recognize(head, path);
  if (found) return found;
  throw new FileError(
    path,
    `is ${describeContent(head)}; expected a log: ${logFormats.map((f) => f.title).join(', ')}`,
  );
}
