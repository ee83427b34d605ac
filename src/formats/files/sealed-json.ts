import { createHash } from 'node:crypto';
import { FileError } from '../../base/errors.ts';
import { writeFileAtomic } from './atomic.ts';
import { readBytes } from './read-bytes.ts';

/** The seal: the last entry of the outermost object, over all text before it. */
const sealKey = 'ballast.sha256';
const seal = /,?\s*"ballast\.sha256":\s*"([^"]*)"\s*\}\s*$/;

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * An object as JSON with a checksum in it: the last entry, `ballast.sha256`, is that of the text before it. Other programs read it as
 * one more entry. `indent` as in `JSON.stringify`.
 */
export function sealJson(value: object, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  const body = text.slice(0, text.lastIndexOf('}')).trimEnd();
  const comma = body === '{' ? '' : ',';
  const [line, blank] = indent ? ['\n', ' '.repeat(indent)] : ['', ''];
  return `${body}${comma}${line}${blank}"${sealKey}":${indent ? ' ' : ''}"${digest(body)}"${line}}`;
}

/**
 * The object in a text that `sealJson` made, without the seal. Text without a seal, as older versions wrote it, is read as it is.
 * `expected` says in an error what should
 * have been there. Throws FileError, which `path` opens, for text that is no JSON object and where the seal is not that of the text.
 */
export function openSealedJson(text: string, path: string, expected = 'what Ballast wrote'): object {
  const found = seal.exec(text.slice(-200));
  if (found) {
    const body = text.slice(0, text.length - found[0].length);
    if (digest(body) !== found[1]) throw new FileError(path, 'is damaged: its content does not match its checksum');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, `is no JSON; expected ${expected}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError(path, `is no JSON object; expected ${expected}`);
  if (found) delete (value as { [sealKey]?: string })[sealKey];
  return value;
}

/** Writes an object as sealed JSON, whole or not at all. */
export async function writeSealedJson(path: string, value: object, indent?: number): Promise<void> {
  await writeFileAtomic(path, sealJson(value, indent));
}

/** Reads what `writeSealedJson` wrote; see `openSealedJson`. `expected` says in the error what should have been there. */
export async function readSealedJson(path: string, expected: string): Promise<object> {
  return openSealedJson(Buffer.from(await readBytes(path, expected)).toString('utf8'), path, expected);
}

/**
 * The pieces of a text that `sealJson` would make of an object, for one too large to be in memory as text: `body` is that text up to its last
 * brace, without white space at its end, and the object has an entry.
 */
export function* sealedPieces(body: Iterable<Uint8Array>): Generator<Uint8Array> {
  const hash = createHash('sha256');
  for (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  yield Buffer.from(`,"${sealKey}":"${hash.digest('hex')}"}`);
}
