import { UsageError } from '../../../base/errors.ts';
import {
  type ClassShare,
  type DataFacts,
  type DataSummary,
  dataFacts,
  type ImageSummary,
  summarizeSplits,
  type TextSummary,
  type ThreeSplit,
} from '../../../data/index.ts';
import { alignColumns, formatCount, formatExact, formatNumber, formatPercent } from '../../../report/index.ts';
import { datasetKind, datasetsKind } from '../../../schema/index.ts';
import { allSplits } from '../../flags/splits.ts';
import { printDocument } from '../../terminal/print-document.ts';

interface DatasetsOptions {
  readonly data?: string;
  readonly split?: ThreeSplit;
  readonly json?: boolean;
}

export async function run(name: string | undefined, options: DatasetsOptions): Promise<void> {
  const write = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  if (name === undefined) {
    if (options.data !== undefined || options.split)
      throw new UsageError('--data and --split go with the name of a data set: ballast datasets NAME --data DIR');
    const datasets = Object.entries(dataFacts).map(([key, facts]) => described(key, facts));
    if (options.json) printDocument(datasetsKind, null, { datasets });
    else write(catalogue());
    return;
  }
  const facts = factsOf(name, options);
  const splits = options.split ? [options.split] : facts.splits;
  const atHand = options.data !== undefined || facts.files === undefined;
  const found = atHand ? await summarizeSplits({ name, dir: options.data }, splits) : undefined;
  if (options.json)
    printDocument(
      datasetKind,
      { name, data: options.data ?? null, split: options.split ?? null },
      { ...described(name, facts), ...(found && { found }) },
    );
  else
    write([
      ...description(name, facts),
      '',
      ...(found ? contents(found, facts) : ['with --data DIR it is read, and what is in it is counted']),
    ]);
}

/** Throws UsageError for a data set or a split that there is not, and for files where none are read. */
function factsOf(name: string, { data, split }: DatasetsOptions): DataFacts {
  if (!Object.hasOwn(dataFacts, name))
    throw new UsageError(`unknown data set "${name}"; expected ${Object.keys(dataFacts).join(', ')}`);
  const facts = dataFacts[name]!;
  if (split && !facts.splits.includes(split))
    throw new UsageError(`data set ${name} has no split "${split}"; expected ${facts.splits.join(', ')}`);
  if (data !== undefined && facts.files === undefined)
    throw new UsageError(`data set ${name} is procedural and reads no files; leave --data out`);
  return facts;
}

/** As JSON has it: what the files decide is null. */
const described = (name: string, { what, tasks, files, splits, counts, shape, classes }: DataFacts) => ({
  name,
  what,
  tasks,
  needsFiles: files !== undefined,
  files: files ?? null,
  splits,
  counts: counts ?? null,
  shape: shape ?? null,
  classes: classes ?? null,
});

const isText = ({ tasks }: DataFacts) => tasks.includes('language');
const orDash = (n: number | undefined) => (n === undefined ? '-' : formatCount(n));
const shapeOf = (shape: readonly number[] | undefined) => shape?.join(' x ') ?? '-';

function catalogue(): string[] {
  const entries = Object.entries(dataFacts);
  const counts = (facts: DataFacts) => allSplits.map((split) => orDash(facts.counts?.[split]));
  const images = entries.filter(([, facts]) => !isText(facts));
  const texts = entries.filter(([, facts]) => isText(facts));
  return [
    ...alignColumns(
      [
        ['images', 'task', 'shape', 'classes', ...allSplits],
        ...images.map(([name, f]) => [name, f.tasks.join(', '), shapeOf(f.shape), orDash(f.classes), ...counts(f)]),
      ],
      { left: [0, 1] },
    ),
    '',
    ...alignColumns(
      [
        ['texts (in tokens)', 'task', 'words', ...allSplits],
        ...texts.map(([name, f]) => [name, f.tasks.join(', '), orDash(f.classes), ...counts(f)]),
      ],
      { left: [0, 1] },
    ),
    '',
    'Counts are the official ones, or what procedural data has unless told; where there is -, the files decide.',
    '',
    'files in the folder given with --data',
    ...alignColumns(
      entries.map(([name, { what, files }]) => [`  ${name}`, `${what}: ${files ?? 'needs none'}`]),
      { left: [0, 1] },
    ),
  ];
}

function description(name: string, facts: DataFacts): string[] {
  const { what, tasks, files, splits, counts, shape, classes } = facts;
  const sizes = splits.map((split) => `${split} ${counts?.[split] === undefined ? '' : formatCount(counts[split])}`);
  return alignColumns(
    [
      [name, what],
      ['task', tasks.join(', ')],
      ['files', files ?? 'none: it is procedural'],
      [counts && isText(facts) ? 'tokens' : counts ? 'images' : 'splits', sizes.map((s) => s.trim()).join(', ')],
      ...(shape ? [['shape', shapeOf(shape)]] : []),
      ...(classes ? [[isText(facts) ? 'words' : 'classes', formatCount(classes)]] : []),
    ],
    { left: [0, 1] },
  );
}

/** What was found, a column a split, and what is odd about it. */
function contents(found: Partial<Record<ThreeSplit, DataSummary>>, facts: DataFacts): string[] {
  const splits = allSplits.filter((split) => found[split]);
  const summaries = splits.map((split) => found[split]!);
  const notes = splits.flatMap((split) => {
    const [count, official] = [countOf(found[split]!), facts.counts?.[split]];
    return official === undefined || official === count
      ? []
      : [`${split} has ${formatCount(count)} of them, ${formatCount(official)} were expected`];
  });
  const spaced = (lines: readonly string[]) => (lines.length ? ['', ...lines] : []);
  const head = (what: string) => [what, ...splits];
  if (summaries.every(isTextSummary)) return [...textContents(head('found'), summaries), ...spaced(notes)];
  const images = summaries as ImageSummary[];
  const names = images.map((s) => JSON.stringify(s.classes?.map((c) => c.name)));
  if (new Set(names).size > 1)
    notes.push('the splits have other classes: a label does not mean the same in all of them');
  images.forEach(({ sameAs, notes: more = [] }, i) => {
    for (const note of more) if (!notes.includes(note)) notes.push(note);
    if (sameAs) notes.push(`${splits[i]} and ${sameAs} are the same images`);
  });
  return [
    ...alignColumns([
      head('found'),
      ['images', ...images.map((s) => formatCount(s.images))],
      ['shape', ...images.map((s) => shapeOf(s.shape))],
      ['mean by channel', ...images.map((s) => s.mean.map((m) => m.toFixed(4)).join(' '))],
    ]),
    ...spaced(
      classTable(
        head('images a class'),
        images.map((s) => s.classes),
        formatCount,
      ),
    ),
    ...spaced(
      classTable(
        head('share of pixels'),
        images.map(({ pixels, ignored }) =>
          ignored === undefined ? pixels : [...(pixels ?? []), { name: '(ignored)', value: ignored }],
        ),
        formatPercent,
      ),
    ),
    ...spaced(notes),
  ];
}

const isTextSummary = (s: DataSummary): s is TextSummary => 'tokens' in s;
const countOf = (s: DataSummary) => (isTextSummary(s) ? s.tokens : s.images);

/** A line for each class of any split; none where no split has any. */
function classTable(
  head: readonly string[],
  splits: readonly (readonly ClassShare[] | undefined)[],
  format: (value: number) => string,
): string[] {
  const names = new Set(splits.flatMap((classes) => classes?.map((c) => c.name) ?? []));
  const valueIn = (classes: readonly ClassShare[] | undefined, name: string) => {
    const found = classes?.find((c) => c.name === name);
    return found ? format(found.value) : '-';
  };
  const rows = [...names].map((name) => [name, ...splits.map((classes) => valueIn(classes, name))]);
  return rows.length ? alignColumns([head, ...rows]) : [];
}

function textContents(head: readonly string[], texts: readonly TextSummary[]): string[] {
  const entropy = texts[0]?.entropy;
  return [
    ...alignColumns([
      head,
      ['tokens', ...texts.map((s) => formatCount(s.tokens))],
      ['lines', ...texts.map((s) => formatCount(s.lines))],
      ['vocabulary', ...texts.map((s) => formatCount(s.vocabulary))],
      ['unknown words', ...texts.map((s) => formatPercent(s.unknown))],
    ]),
    ...(entropy === undefined
      ? []
      : [
          '',
          `no model does better than ${formatExact(entropy)} nats a token, perplexity ${formatNumber(Math.exp(entropy))}`,
        ]),
  ];
}
