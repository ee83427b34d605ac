import { describeModel, listModels } from '../../../app/listing/index.ts';
import { alignColumns, formatCount, formatNumber, formatPercent } from '../../../report/index.ts';
import { type ModelResult, type ModelsResult, modelKind, modelsKind } from '../../../schema/index.ts';
import { printDocument } from '../../terminal/print-document.ts';

type Listing = ModelsResult['models'][number];

/** Prints the built-in models, or one of them. */
export function run(name: string | undefined, { json = false }: { readonly json?: boolean }): void {
  const all = listModels();
  if (name === undefined) {
    if (json) printDocument(modelsKind, null, all);
    else process.stdout.write(catalogueText(all));
    return;
  }
  const found = describeModel(name);
  if (json) printDocument(modelKind, { name }, found);
  else process.stdout.write(descriptionText(found, all.families.find((f) => f.pattern === found.family)!.what));
}

const inputOf = ({ task, inputShape }: Listing) =>
  task === 'language' ? `${inputShape[0]} tokens` : inputShape.join(' x ');

const orDash = (n: number) => (n === 0 ? '-' : formatCount(n));

/** In millions. */
const millions = (flops: number) => (flops < 1e8 ? formatNumber(flops / 1e6) : formatCount(flops / 1e6));

const tables: readonly (readonly [Listing['task'], string, string])[] = [
  ['classification', 'classes', 'image'],
  ['segmentation', 'classes', 'image'],
  ['language', 'words', 'sequence'],
];

function catalogueText({ models, families }: ModelsResult): string {
  const blocks = tables.map(([task, classes, example]) => {
    const rows = models
      .filter((m) => m.task === task)
      .map((m) => [
        `${m.name}${m.ownWeights ? ' *' : ''}`,
        inputOf(m),
        formatCount(m.classes),
        formatCount(m.parameters),
        millions(m.flops),
      ]);
    return alignColumns([[task, 'input', classes, 'parameters', `MFLOP/${example}`], ...rows]);
  });
  const notes = [
    'FLOPs are those of an evaluation, a multiply-add counted as two. Classes, words and sizes of images follow the data.',
    ...(models.some((m) => m.ownWeights) ? ['* brings its own weights: --weights can be left out.'] : []),
  ];
  const patterns = [
    'families: --model takes any member; <n> is a number, [ ] may be left out',
    ...alignColumns(
      families.map(({ pattern, what }) => [pattern, what]),
      { left: [0, 1] },
    ).map((line) => `  ${line}`),
  ];
  return `${[...blocks, notes, patterns].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** `family`: what its members are. */
function descriptionText(found: ModelResult, family: string): string {
  const { name, task, classes, parameters, flops, residualUnits, groups } = found;
  const example = task === 'language' ? `a sequence of ${inputOf(found)}` : 'an image';
  const facts = [
    [name, `${family} (${found.family})`],
    ['task', task],
    ['input', inputOf(found)],
    [task === 'language' ? 'words' : 'classes', formatCount(classes)],
    ['parameters', formatCount(parameters)],
    ['FLOPs', `${millions(flops)} million for ${example}, a multiply-add counted as two`],
    ...(residualUnits > 0 ? [['residual units', `${residualUnits} (ballast units ${name})`]] : []),
    ...(found.ownWeights ? [['weights', 'its own, where --weights is left out']] : []),
  ];
  const rows = groups.map((g) => [
    g.name,
    formatCount(g.tensors),
    formatCount(g.parameters),
    formatPercent(g.parameters / parameters),
    orDash(g.running),
  ]);
  const sum = (of: 'tensors' | 'parameters' | 'running') => orDash(groups.reduce((n, g) => n + g[of], 0));
  const total = ['total', sum('tensors'), sum('parameters'), '100 %', sum('running')];
  return [
    ...alignColumns(facts, { left: [0, 1] }),
    '',
    ...alignColumns([['layers', 'tensors', 'parameters', 'share', 'running statistics'], ...rows, total]),
    '',
  ].join('\n');
}
