/** What the page asks the server, typed by the schemas that the server checks requests with. */
import type { AskedOf, OperationName, ResponseOf } from '../../schema/serve/index.ts';

/** Why the server did not do what it was asked; `status` is 0 where it did not answer at all. */
export class Failed extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Longest request that stands in an address. */
const longestInAddress = 1800;

async function asked<Name extends OperationName>(name: Name, init: RequestInit, query = ''): Promise<ResponseOf<Name>> {
  let response: Response;
  try {
    response = await fetch(`/api/${name}${query}`, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Failed(0, 'The server does not answer.');
  }
  const value = (await response.json().catch(() => ({ error: 'The server’s answer was cut off.' }))) as unknown;
  if (!response.ok)
    throw new Failed(response.status, String((value as { error?: unknown }).error ?? response.statusText));
  return value as ResponseOf<Name>;
}

const posted = (request: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(request),
});

/** Asks for something. Throws Failed. */
export function ask<Name extends OperationName>(
  name: Name,
  request: AskedOf<Name>,
  signal?: AbortSignal,
): Promise<ResponseOf<Name>> {
  const text = JSON.stringify(request);
  const init = signal ? { signal } : {};
  return text.length > longestInAddress
    ? asked(name, { ...posted(request), ...init })
    : asked(name, init, `?q=${encodeURIComponent(text)}`);
}

/** Has something done, once, also where the answer is lost and it is sent again. Throws Failed. */
export async function act<Name extends OperationName>(
  name: Name,
  request: Omit<AskedOf<Name>, 'once'>,
): Promise<ResponseOf<Name>> {
  const init = posted({ ...request, once: crypto.randomUUID() });
  for (let attempt = 0; ; attempt++) {
    try {
      return await asked(name, init);
    } catch (error) {
      if (!(error instanceof Failed) || error.status !== 0 || attempt >= 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}
