import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  dataIdentity,
  heldOutSplit,
  type ImageDataset,
  isText,
  loadData,
  subset,
  type TextDataset,
} from '../data/index.ts';

/** Which data a trial trains on and is judged on. Part of what identifies it. */
export const dataSpecSchema = z.object({
  dataset: z.string(),
  /** Share of the training data. */
  fraction: z.number().positive().max(1),
  /** Of procedural data; null otherwise. */
  complexity: z.number().nullable(),
  /** Knobs of `shapes` one by one. */
  knobs: z.record(z.string(), z.number()),
  /** Of procedural data: how many examples (tokens) are made; null for the usual number. */
  trainCount: z.int().positive().nullable(),
  validCount: z.int().positive().nullable(),
  /** Training examples (tokens) that the training loss is measured on. */
  sampleExamples: z.int().positive(),
  /** Held-out examples (tokens) that count; null for all. */
  validExamples: z.int().positive().nullable(),
  /** Identity of what is in it (`contentOf`), so that other pictures of the same name are another trial. Trials of earlier versions have none. */
  content: z.string().optional(),
});
export type DataSpec = Readonly<z.infer<typeof dataSpecSchema>>;

export interface StudyData {
  readonly train: ImageDataset | TextDataset;
  readonly valid: ImageDataset | TextDataset;
  /** A fixed sample of the training data, the same share of each class; the beginning of a text. */
  readonly sample: ImageDataset | TextDataset;
}

/** The identity of all that a trial learns from and is judged on. */
export const contentOf = ({ train, valid, sample }: StudyData): string =>
  createHash('sha256').update([train, valid, sample].map(dataIdentity).join(' ')).digest('hex');

/** Examples of an epoch; for text its tokens. */
export function exampleCount(data: ImageDataset | TextDataset): number {
  return isText(data) ? data.tokens.length : data.count;
}

/** A share of the data: of images the same of every class, of text its beginning. */
function share(data: ImageDataset | TextDataset, fraction: number): ImageDataset | TextDataset {
  if (fraction >= 1) return data;
  if (isText(data)) return { ...data, tokens: data.tokens.subarray(0, Math.round(fraction * data.tokens.length)) };
  return subset(data, fraction, 0);
}

const upTo = (data: ImageDataset | TextDataset, count: number | null) =>
  count === null ? data : share(data, count / exampleCount(data));

/** The folder of a data set in one that holds several: DIR/NAME where there is one, else DIR. */
function folderOf(dataset: string, dir: string | undefined): string | undefined {
  const own = dir === undefined ? undefined : join(dir, dataset);
  return own !== undefined && existsSync(own) ? own : dir;
}

/** Reads or makes the data. It is the same for all seeds of a trial. Throws UsageError and FileError as `loadData` does. */
export async function loadStudyData(spec: DataSpec, dir: string | undefined): Promise<StudyData> {
  const { dataset, complexity, knobs, fraction } = spec;
  const common = {
    name: dataset,
    dir: folderOf(dataset, dir),
    seed: 0,
    ...(complexity === null ? {} : dataset === 'grammar' ? { branching: complexity } : { complexity }),
    ...knobs,
  };
  const counted = (count: number | null) => (count === null ? {} : { count });
  const whole = await loadData({ ...common, ...counted(spec.trainCount), split: 'train' });
  const held = await loadData({
    ...common,
    ...counted(spec.validCount),
    split: heldOutSplit(dataset),
    ...(isText(whole) && dataset !== 'grammar' ? { vocabulary: whole.vocabulary } : {}),
  });
  const train = share(whole, fraction);
  return { train, valid: upTo(held, spec.validExamples), sample: upTo(train, spec.sampleExamples) };
}

/** Keeps the data of the last few specifications: trials that follow one another mostly want the same. */
export class DataShelf {
  readonly #kept: { readonly key: string; readonly data: Promise<StudyData> }[] = [];
  readonly #size: number;

  constructor(size = 2) {
    this.#size = size;
  }

  of(spec: DataSpec, dir: string | undefined): Promise<StudyData> {
    const key = JSON.stringify([spec, dir]);
    const found = this.#kept.find((entry) => entry.key === key);
    if (found) return found.data;
    const data = loadStudyData(spec, dir);
    this.#kept.unshift({ key, data });
    this.#kept.length = Math.min(this.#kept.length, this.#size);
    return data;
  }
}
