import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveEvent } from '../../schema/serve/index.ts';
import { Refusal } from '../http/refusal.ts';
import type { Changes } from './changes.ts';

/** Streams that are open at a time. */
export const mostStreams = 256;

/** Milliseconds between changes and their being told: what comes meanwhile goes together. */
const gathering = 100;

/** Milliseconds between signs of life, and how long a reader may take nothing. */
const heartbeat = 10_000;
const patience = 60_000;

interface Stream {
  readonly response: ServerResponse;
  /** Whose trials it is told of. */
  readonly studies: ReadonlySet<string>;
  /** Cursor of what was written last. */
  sent: number;
  /** When it last took all that was written, in milliseconds. */
  drained: number;
}

/**
 * Server-sent events. A slow reader holds up nobody: it is written to only when it has taken what was written before, and then told what has changed by then; so of no
 * reader more waits than one such message.
 */
export class EventStreams {
  readonly #changes: Changes;
  readonly #server: string;
  readonly #open = new Set<Stream>();
  readonly #stopListening: () => void;
  readonly #beat: NodeJS.Timeout;
  #gathered: NodeJS.Timeout | undefined;
  /** Told how many are open. */
  onCount: (count: number) => void = () => {};

  /** @param server Tells this run of the server from others. */
  constructor(changes: Changes, server: string) {
    this.#changes = changes;
    this.#server = server;
    this.#stopListening = changes.listen(() => {
      this.#gathered ??= setTimeout(() => {
        this.#gathered = undefined;
        for (const stream of this.#open) this.#tell(stream);
      }, gathering);
    });
    // A server that could not listen is not kept alive by it.
    this.#beat = setInterval(() => this.#live(), heartbeat).unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** Answers a request with events until either side ends it. Throws Refusal where too many are open. */
  open(
    request: IncomingMessage,
    response: ServerResponse,
    { since, study }: { readonly since?: number | undefined; readonly study: readonly string[] },
  ): void {
    if (this.#open.size >= mostStreams)
      throw new Refusal(503, `${mostStreams} pages are open already; close one, or wait`);
    const now = this.#changes.cursor;
    // A clock that was set back: what changed since cannot be told.
    const reset = since !== undefined && since > now;
    const stream: Stream = {
      response,
      studies: new Set(study),
      sent: since === undefined || reset ? now : since,
      drained: performance.now(),
    };
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    request.socket.setTimeout(0);
    response.write(
      `retry: 1000\nid: ${stream.sent}\nevent: hello\ndata: ${JSON.stringify({ server: this.#server, reset })}\n\n`,
    );
    this.#open.add(stream);
    response.on('close', () => {
      this.#open.delete(stream);
      this.onCount(this.#open.size);
    });
    response.on('drain', () => this.#tell(stream));
    this.onCount(this.#open.size);
    this.#tell(stream);
  }

  close(): void {
    this.#stopListening();
    clearInterval(this.#beat);
    clearTimeout(this.#gathered);
    for (const { response } of this.#open) response.end();
  }

  #tell(stream: Stream): void {
    const { response, studies } = stream;
    if (response.destroyed || response.writableNeedDrain) return;
    stream.drained = performance.now();
    const wanted = (event: LiveEvent) => event.kind !== 'trial' || studies.has(event.study);
    const changes = this.#changes.since(stream.sent, wanted);
    if (changes.length === 0) return;
    stream.sent = changes.at(-1)!.cursor;
    response.write(changes.map(({ cursor, event }) => `id: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
  }

  #live(): void {
    for (const stream of this.#open) {
      if (!stream.response.writableNeedDrain) {
        stream.drained = performance.now();
        stream.response.write(':\n\n');
      } else if (performance.now() - stream.drained > patience) stream.response.destroy();
    }
  }
}
