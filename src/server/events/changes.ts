import type { LiveEvent } from '../../schema/serve/index.ts';

export interface Change {
  readonly cursor: number;
  readonly event: LiveEvent;
}

/** Milliseconds by which what was seen late counts as younger. */
const margin = 2000;

/** What an event is about: a later one about the same takes its place. */
function keyOf(event: LiveEvent): string {
  switch (event.kind) {
    case 'folder':
      return 'folder';
    case 'study':
      return `study ${event.progress.study}`;
    case 'trial':
      return `trial ${event.study} ${event.trial.id}`;
    case 'job':
      return `job ${event.job.id}`;
  }
}

/**
 * What has changed, under one cursor that only grows: microseconds since 1970, so that a server that is started anew counts on from where the last one was. Of each
 * thing the last change is kept and no other. So whoever was away is told of everything that changed since, once, as it is now; and what is kept does not grow with
 * time.
 */
export class Changes {
  readonly #latest = new Map<string, Change>();
  readonly #now: () => number;
  #cursor: number;
  readonly #listeners = new Set<() => void>();

  /** @param now Milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#cursor = now() * 1000;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /**
   * `since`: when it changed, in milliseconds since 1970, where that was before anybody looked. It counts as two seconds younger: a server that was ended meanwhile may
   * have told of later changes before it saw this one.
   */
  publish(event: LiveEvent, since?: number | null): void {
    const now = this.#now() * 1000;
    const at = since == null ? Math.max(this.#cursor + 1, now) : Math.min(Math.floor((since + margin) * 1000), now);
    this.#cursor = Math.max(this.#cursor, at);
    const key = keyOf(event);
    this.#latest.delete(key);
    this.#latest.set(key, { cursor: at, event });
    for (const listener of this.#listeners) listener();
  }

  /** Forgets jobs and the like that nobody has to be told of any more. */
  forget(event: LiveEvent): void {
    this.#latest.delete(keyOf(event));
  }

  /** What has changed after `cursor`, the oldest first. */
  since(cursor: number, wanted: (event: LiveEvent) => boolean): Change[] {
    const found: Change[] = [];
    for (const change of this.#latest.values()) if (change.cursor > cursor && wanted(change.event)) found.push(change);
    return found.sort((a, b) => a.cursor - b.cursor);
  }

  /** Calls back after each change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
