import { describeDataset, listDatasets } from '../../../app/listing/index.ts';
import { UsageError } from '../../../base/errors.ts';
import { alignColumns, formatCount, formatExact, formatNumber, formatPercent } from '../../../report/index.ts';
import {
  type DatasetResult,
  type DatasetsRequest,
  type DatasetsResult,
  datasetKind,
  datasetsKind,
} from '../../../schema/index.ts';
import { allSplits, type Split } from '../../flags/splits.ts';
import { printDocument } from '../../terminal/print-document.ts';

/** What is known of a data set, and what was found in its files. */
type Facts = DatasetsResult['datasets'][number];
type Found = NonNullable<DatasetResult['found']>;
type Summary = NonNullable<Found[Split]>;
type ImageSummary = Extract<Summary, { readonly images: number }>;
type TextSummary = Extract<Summary, { readonly tokens: number }>;
type ClassShare = NonNullable<ImageSummary['classes']>[number];

export async function run(
  { name, data, split }: DatasetsRequest,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const write = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  if (name === undefined) {
    if (data !== undefined || split)
      throw new UsageError('--data and --split go with the name of a data set: ballast datasets NAME --data DIR');
    const result = listDatasets();
    if (json) printDocument(datasetsKind, null, result);
    else write(catalogue(result));
    return;
  }
  const result = await describeDataset({ name, data, split });
  if (json) printDocument(datasetKind, { name, data: data ?? null, split: split ?? null }, result);
  else
    write([
      ...description(result),
      '',
      ...(result.found ? contents(result.found, result) : ['with --data DIR it is read, and what is in it is counted']),
    ]);
}

const isText = ({ tasks }: Facts) => tasks.includes('language');
const orDash = (n: number | null | undefined) => (n == null ? '-' : formatCount(n));
const shapeOf = (shape: readonly number[] | null) => shape?.join(' x ') ?? '-';

function catalogue({ datasets }: DatasetsResult): string[] {
  const counts = (facts: Facts) => allSplits.map((split) => orDash(facts.counts?.[split]));
  const images = datasets.filter((facts) => !isText(facts));
  const texts = datasets.filter(isText);
  return [
    ...alignColumns(
      [
        ['images', 'task', 'shape', 'classes', ...allSplits],
        ...images.map((f) => [f.name, f.tasks.join(', '), shapeOf(f.shape), orDash(f.classes), ...counts(f)]),
      ],
      { left: [0, 1] },
    ),
    '',
    ...alignColumns(
      [
        ['texts (in tokens)', 'task', 'words', ...allSplits],
        ...texts.map((f) => [f.name, f.tasks.join(', '), orDash(f.classes), ...counts(f)]),
      ],
      { left: [0, 1] },
    ),
    '',
    'Counts are the official ones, or what procedural data has unless told; where there is -, the files decide.',
    '',
    'files in the folder given with --data',
    ...alignColumns(
      datasets.map(({ name, what, files }) => [`  ${name}`, `${what}: ${files ?? 'needs none'}`]),
      { left: [0, 1] },
    ),
  ];
}

function description(facts: Facts): string[] {
  const { name, what, tasks, files, splits, counts, shape, classes } = facts;
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
function contents(found: Found, facts: Facts): string[] {
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

const isTextSummary = (s: Summary): s is TextSummary => 'tokens' in s;
const countOf = (s: Summary) => (isTextSummary(s) ? s.tokens : s.images);

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
