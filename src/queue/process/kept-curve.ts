import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../../formats/index.ts';
import { eventText } from '../../schema/index.ts';
import type { MeasurementRow } from '../../store/index.ts';
import { rowsIn, rowsText } from '../folder/event-files.ts';
import { keptFolder } from '../trial-files.ts';

/** Milliseconds between two flushes to the disk. */
const flushing = 100;

/**
 * The curve of a trial beside its checkpoints, for whoever goes on from them. What is said to a queue may be lost on its way, with the process that carried it or behind a cut line, and a
 * checkpoint that is written afterwards would hide that: it is here before.
 */
export class KeptCurve {
  readonly #path: string;
  readonly #folder: string;
  #file: number | undefined;
  #flushed = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = join(folder, keptFolder);
    this.#path = join(this.#folder, 'curve.jsonl');
  }

  /** What is here, and what else was known; here counts. */
  with(known: readonly MeasurementRow[]): MeasurementRow[] {
    const rows = new Map([...known, ...rowsIn(this.#path)].map((row) => [row.step, row]));
    return [...rows.values()].sort((a, b) => a.step - b.step);
  }

  /** Begins with these rows. Throws FileError. */
  begin(rows: readonly MeasurementRow[]): void {
    this.close();
    const temporary = `${this.#path}.new`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(temporary, rowsText(rows));
      renameSync(temporary, this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Throws FileError. */
  add(row: MeasurementRow): void {
    try {
      this.#file ??= openSync(this.#path, 'a');
      const bytes = Buffer.from(`${eventText({ kind: 'row', row })}\n`);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      const now = performance.now();
      if (now - this.#flushed < flushing) return;
      fsyncSync(this.#file);
      this.#flushed = now;
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** The trial has ended: nobody goes on from here. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
