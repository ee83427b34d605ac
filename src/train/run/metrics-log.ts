import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { writeError } from '../../formats/index.ts';
import { metricsRecord } from '../../schema/index.ts';

/** One line of `metrics.jsonl`. */
export interface MetricsRecord {
  readonly step: number;
  /** Passes over the training data, fractional. */
  readonly epoch: number;
  readonly examples: number;
  /** Time in steps, evaluation left out. */
  readonly seconds: number;
  /** Mean over the steps since the line before. */
  readonly trainLoss: number;
  readonly valLoss?: number;
  /** Accuracy, mean IoU or perplexity, by task. */
  readonly valMetric?: number;
  readonly lr: number;
  readonly batchSize: number;
  /** Root mean square of the steps' gradient norms. */
  readonly gradNorm: number;
  /** The same of the micro-batches' gradients, where there are several: with `gradNorm` it gives both terms of the noise scale. */
  readonly microGradNorm?: number;
  readonly noiseScale?: number;
}

/** The metrics of a run, a JSON object a line, appended as they come. */
export class MetricsLog {
  readonly path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Opens the log of a run that stands at `step`: later lines, and one that was cut off, are of steps that will be made again. */
  static async open(path: string, step: number): Promise<MetricsLog> {
    const kept = await lengthUpTo(path, step);
    try {
      if (kept !== undefined) await truncate(path, kept);
      return new MetricsLog(path, await open(path, 'a'));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  async append(record: MetricsRecord): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(record)}\n`).catch((cause) => {
      throw writeError(this.path, cause);
    });
  }

  /** Makes what was appended survive a power cut. */
  async flush(): Promise<void> {
    await this.#file.sync().catch((cause) => {
      throw writeError(this.path, cause);
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Bytes of the lines up to `step`; undefined when there is no file. */
async function lengthUpTo(path: string, step: number): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FileError(path, 'cannot be read', { cause });
  }
  let end = 0;
  for (;;) {
    const newline = text.indexOf('\n', end);
    if (newline < 0 || !isUpTo(text.slice(end, newline), step)) return Buffer.byteLength(text.slice(0, end));
    end = newline + 1;
  }
}

const stepOf = z.object({ step: z.number() });

function isUpTo(line: string, step: number): boolean {
  try {
    const { data } = stepOf.safeParse(JSON.parse(line));
    return data !== undefined && data.step <= step;
  } catch {
    return false;
  }
}

/** The records of a log, for curves; a line that was cut off, or is no record, ends it. */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  const records: MetricsRecord[] = [];
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
    try {
      const record: unknown = JSON.parse(line);
      // Losses that are no numbers are written as null.
      if (!metricsRecord.safeParse(record).success) break;
      records.push(record as MetricsRecord);
    } catch {
      break;
    }
  }
  return records;
}
