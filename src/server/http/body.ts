import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** Longest body of a request, in bytes. */
const longest = 2 ** 20;

/** The JSON that a request brings. Throws Refusal for any other body, and for one that is too long. */
export async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  // A form of another site cannot send this type without asking first.
  if (!/^application\/json(?:;|$)/i.test(type)) throw new Refusal(415, 'expected application/json');
  if (Number(request.headers['content-length'] ?? 0) > longest)
    throw new Refusal(413, `is longer than ${longest} bytes`);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > longest) throw new Refusal(413, `is longer than ${longest} bytes`);
    parts.push(part);
  }
  return parsedJson(Buffer.concat(parts).toString());
}

/** Throws Refusal for a text that is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, 'is not JSON');
  }
}
