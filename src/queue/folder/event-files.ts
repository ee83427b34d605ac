import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { writeError } from '../../formats/index.ts';
import { eventOf, eventText, longestEvent, type TrialEvent } from '../../schema/index.ts';
import type { MeasurementRow } from '../../store/index.ts';

/** What an attempt says, written by its worker alone: a line an event, only ever longer. */
export class EventWriter {
  readonly #path: string;
  #file: number | undefined;
  /** A write was cut off, as by a full disk: the next one begins with a new line, so that only that event is lost. */
  #torn = false;

  /** Throws FileError, also where an attempt of this number has spoken before. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'ax');
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Throws FileError for what could not be written whole. */
  write(event: TrialEvent): void {
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${eventText(event)}\n`);
    try {
      this.#torn = true;
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file!, bytes, at);
      this.#torn = false;
      if (event.kind === 'ended' || event.kind === 'crashed') fsyncSync(this.#file!);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Most bytes of a file that are read at a time. */
const chunk = 1 << 20;

/** Follows what an attempt says. */
export class EventReader {
  readonly #path: string;
  #offset = 0;
  #rest = '';
  /** Lines that are no events. */
  odd = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes that were there when it was last read. */
  get bytes(): number {
    return this.#offset;
  }

  /** The events since the last call. A line that is not finished waits; one that is none is left out and counted. */
  read(): TrialEvent[] {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw cause;
    }
    const events: TrialEvent[] = [];
    try {
      const { size } = fstatSync(file);
      while (this.#offset < size) {
        const buffer = Buffer.alloc(Math.min(chunk, size - this.#offset));
        const read = readSync(file, buffer, 0, buffer.length, this.#offset);
        if (read === 0) break;
        // What an event says is ASCII but for notes, and a line is cut at a line's end: latin1 keeps the bytes until then.
        const text = this.#rest + buffer.toString('latin1', 0, read);
        this.#offset += read;
        const lines = text.split('\n');
        this.#rest = lines.pop()!;
        if (this.#rest.length > longestEvent) {
          this.odd++;
          this.#rest = '';
        }
        for (const line of lines) {
          if (line === '') continue;
          const event = eventOf(Buffer.from(line, 'latin1').toString('utf8'));
          if (event) events.push(event);
          else this.odd++;
        }
      }
    } finally {
      closeSync(file);
    }
    return events;
  }
}

/** Rows of a curve, a line each; none where the file is missing. */
export function rowsIn(path: string): MeasurementRow[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
  return text.split('\n').flatMap((line) => {
    const event = line === '' ? undefined : eventOf(line);
    return event?.kind === 'row' ? [event.row] : [];
  });
}

/** What such a file holds. */
export const rowsText = (rows: readonly MeasurementRow[]): string =>
  rows.map((row) => `${eventText({ kind: 'row', row })}\n`).join('');

/** A curve after more of what was said of it. */
export function curveAfter(rows: readonly MeasurementRow[], events: readonly TrialEvent[]): MeasurementRow[] {
  const curve = new Map(rows.map((row) => [row.step, row]));
  for (const event of events) {
    if (event.kind === 'row') curve.set(event.row.step, event.row);
    else if (event.kind === 'begun') for (const step of curve.keys()) if (step > event.step) curve.delete(step);
  }
  return [...curve.values()].sort((a, b) => a.step - b.step);
}
