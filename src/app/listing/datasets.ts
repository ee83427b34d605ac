/** The data sets there are, and what one of them turned out to be. */
import { UsageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';
import { type DataFacts, dataFacts, summarizeSplits } from '../../data/index.ts';
import type { DatasetResult, DatasetsResult } from '../../schema/index.ts';

/** A data set by its name. Where `data` is given, or none is needed, it is read and counted. */
export interface DatasetRequest {
  readonly name: string;
  /** Folder that it lies in. */
  readonly data?: string | undefined;
  /** The one to read; all of them unless told. */
  readonly split?: 'train' | 'valid' | 'test' | undefined;
}

/** All data sets, images first. */
export const listDatasets = (): DatasetsResult => ({
  datasets: Object.entries(dataFacts).map(([name, facts]) => described(name, facts)),
});

/** One data set, with what was found in its files where they are at hand. Throws UsageError for a name, a split or files that there are not, FileError for files that are not as they should be. */
export async function describeDataset({ name, data, split }: DatasetRequest): Promise<DatasetResult> {
  const names = Object.keys(dataFacts);
  if (!Object.hasOwn(dataFacts, name))
    throw new UsageError(`unknown data set "${name}"; expected ${names.join(', ')}${didYouMean(name, names)}`);
  const facts = dataFacts[name]!;
  if (split && !facts.splits.includes(split))
    throw new UsageError(`data set ${name} has no split "${split}"; expected ${facts.splits.join(', ')}`);
  if (data !== undefined && facts.files === undefined)
    throw new UsageError(`data set ${name} is procedural and reads no files; leave the folder out`);
  const isAtHand = data !== undefined || facts.files === undefined;
  const found = isAtHand ? await summarizeSplits({ name, dir: data }, split ? [split] : facts.splits) : undefined;
  return { ...described(name, facts), ...(found && { found }) };
}

/** What the files decide is null. */
const described = (name: string, { what, tasks, files, splits, counts, shape, classes }: DataFacts) => ({
  ...{ name, what, tasks, splits },
  needsFiles: files !== undefined,
  files: files ?? null,
  counts: counts ?? null,
  shape: shape ?? null,
  classes: classes ?? null,
});
