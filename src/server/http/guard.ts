/** Who may ask: what is checked of every request before anything else. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Refusal } from './refusal.ts';
import { userAtOtherEnd } from './same-user.ts';

export interface GuardOptions {
  /** What the server listens at, as it was asked for. */
  readonly host: string;
  readonly port: number;
  /** What every request has to bring; undefined where none is needed. */
  readonly token: string | undefined;
}

/** How many wrong tokens are looked at in a minute. */
const mostGuesses = 30;

export const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The host of a `Host` header or an origin, without its port and without brackets. */
function nameIn(authority: string): { readonly name: string; readonly port: string } | undefined {
  const found = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(authority);
  return found ? { name: found[1]!.replace(/^\[|\]$/g, '').toLowerCase(), port: found[2] ?? '80' } : undefined;
}

/**
 * Checks requests. `Host` must be a name of this server, or a name that a foreign page had resolved to this machine would do (DNS rebinding); requests that a browser sends for
 * another site are refused, whatever they ask; and where there is a token they have to bring it.
 */
export class Guard {
  readonly #options: GuardOptions;
  #guesses: number[] = [];

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Of the cookie that a page keeps the token in: cookies do not tell ports apart. */
  get cookie(): string {
    return `ballast-${this.#options.port}`;
  }

  /** Throws Refusal. */
  admit(request: IncomingMessage): void {
    const { host: asked, origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    const host = nameIn(asked ?? '');
    if (!host || !this.#isOwn(host.name))
      throw new Refusal(421, 'is not the address of this server; open the one that `ballast serve` printed');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      // A link on another site may open the page, and nothing more.
      const opens =
        request.headers['sec-fetch-mode'] === 'navigate' &&
        request.method === 'GET' &&
        !request.url?.startsWith('/api/');
      if (!opens) throw new Refusal(403, 'comes from another site');
    }
    if (origin !== undefined && origin !== `http://${asked}`) throw new Refusal(403, 'comes from another site');
  }

  /**
   * Where there is no token, a machine that several people use is no reason to let each of them start programs as whoever serves: others than that user, and root, are
   * refused where the system says who asks (Linux). Throws Refusal.
   */
  async admitUser({ socket }: IncomingMessage): Promise<void> {
    const own = process.getuid?.();
    if (this.#options.token !== undefined || own === undefined) return;
    const user = await userAtOtherEnd(socket);
    if (user !== undefined && user !== own && user !== 0) throw new Refusal(403, 'is for the user who serves it');
  }

  /** Whether the request brings the token. Throws Refusal when too many brought a wrong one. */
  knows(request: IncomingMessage, inAddress: string | null): boolean {
    const { token } = this.#options;
    if (token === undefined) return true;
    const cookie = (request.headers.cookie ?? '')
      .split(';')
      .map((c) => c.trim().split('='))
      .find(([name]) => name === this.cookie)?.[1];
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const brought = inAddress ?? bearer ?? cookie;
    if (brought === undefined) return false;
    const now = Date.now();
    this.#guesses = this.#guesses.filter((at) => now - at < 60_000);
    if (timingSafeEqual(digest(brought), digest(token))) return true;
    this.#guesses.push(now);
    if (this.#guesses.length > mostGuesses) throw new Refusal(429, 'too many wrong tokens; wait a minute');
    return false;
  }

  #isOwn(name: string): boolean {
    const { host } = this.#options;
    if (isLoopback(host)) return isLoopback(name);
    // Rebinding needs a name: an address in the header is that of this machine.
    return isIP(name) !== 0 || name === host.toLowerCase() || name === hostname().toLowerCase() || name === 'localhost';
  }
}
