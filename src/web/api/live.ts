/** What the server tells while the page is open, under one cursor: after an interruption it goes on where it was. */
import type { LiveEvent } from '../../schema/serve/index.ts';

export type Connection = 'connecting' | 'live' | 'offline';

type Listener = (events: readonly LiveEvent[]) => void;

/** Milliseconds that a page may be in the background before it lets its connection go. */
const untilRest = 15_000;

/** Milliseconds before the next try. */
const patience = [500, 1000, 2000, 4000];

class Live {
  connection: Connection = 'connecting';
  #source: EventSource | undefined;
  #cursor: number | undefined;
  #server: string | undefined;
  /** Studies whose trials are followed, with how many views do. */
  readonly #studies = new Map<string, number>();
  /** What the open connection follows. */
  #asked = '';
  #failures = 0;
  #started = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #change: ReturnType<typeof setTimeout> | undefined;
  #frame: number | undefined;
  #gathered: LiveEvent[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<() => void>();
  readonly #renewed = new Set<() => void>();

  constructor() {
    // A browser has few connections to a server, and pages in the background would take them from the one that is looked at.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        clearTimeout(this.#resting);
        if (!this.#source && this.#started) this.#open();
      } else
        this.#resting = setTimeout(() => {
          clearTimeout(this.#timer);
          this.#source?.close();
          this.#source = undefined;
        }, untilRest);
    });
  }

  /** Opens the connection; the views that are shown by then say what is followed. */
  start(): void {
    this.#started = true;
    this.#changed();
  }

  /** Follows the trials of a study too, from the cursor that its state was read at. Returns what ends that. */
  follow(study: string, cursor: number): () => void {
    const followers = this.#studies.get(study) ?? 0;
    this.#studies.set(study, followers + 1);
    if (followers === 0) this.#cursor = Math.min(cursor, this.#cursor ?? cursor);
    this.#changed();
    return () => {
      const left = (this.#studies.get(study) ?? 1) - 1;
      if (left > 0) this.#studies.set(study, left);
      else this.#studies.delete(study);
      this.#changed();
    };
  }

  /** Told of changes, at most once a frame. Returns what ends that. */
  onEvents(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Told when the connection is another. */
  onConnection(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Told when another server answers than before: what is shown has to be asked for again. */
  onRenewed(renewed: () => void): () => void {
    this.#renewed.add(renewed);
    return () => this.#renewed.delete(renewed);
  }

  #wanted(): string {
    return [...this.#studies.keys()].sort().join('\n');
  }

  /** Views come and go together: what is left of it counts. */
  #changed(): void {
    this.#change ??= setTimeout(() => {
      this.#change = undefined;
      if (this.#started && !document.hidden && (!this.#source || this.#wanted() !== this.#asked)) this.#open();
    });
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#asked = this.#wanted();
    const query = new URLSearchParams([...this.#studies.keys()].map((study) => ['study', study]));
    if (this.#cursor !== undefined) query.set('since', String(this.#cursor));
    const source = new EventSource(`/api/events?${query}`);
    this.#source = source;
    source.addEventListener('hello', (event) => {
      const { server, reset } = JSON.parse(event.data) as { server: string; reset: boolean };
      const renewed = this.#server !== undefined && (server !== this.#server || reset);
      this.#server = server;
      this.#failures = 0;
      this.#take(event);
      this.#is('live');
      if (renewed) for (const tell of this.#renewed) tell();
    });
    source.onmessage = (event) => {
      this.#take(event);
      this.#gathered.push(JSON.parse(event.data as string) as LiveEvent);
      this.#frame ??= requestAnimationFrame(() => this.#deliver());
    };
    source.onerror = () => {
      source.close();
      this.#is('offline');
      this.#timer = setTimeout(() => this.#open(), patience[Math.min(this.#failures++, patience.length - 1)]);
    };
  }

  #take(event: MessageEvent): void {
    const cursor = Number(event.lastEventId);
    if (Number.isFinite(cursor) && cursor > 0) this.#cursor = cursor;
  }

  #deliver(): void {
    this.#frame = undefined;
    const events = this.#gathered;
    this.#gathered = [];
    for (const listener of this.#listeners) listener(events);
  }

  #is(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    for (const watcher of this.#watchers) watcher();
  }
}

export const live = new Live();
