import { UsageError } from '../../base/errors.ts';
import {
  type ModelListing,
  modelFamilies,
  modelList,
  modelListing,
  modelNamed,
  ownWeights,
  parameterGroups,
  type Task,
} from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import { alignColumns, formatCount, formatNumber, formatPercent } from '../../report/index.ts';
import { modelKind, modelsKind } from '../../schema/index.ts';
import { findUnits } from '../../stability/index.ts';
import { printDocument } from '../terminal/print-document.ts';

/** Prints the built-in models, or one of them. Throws UsageError for a file and for an unknown name. */
export function listModels(name: string | undefined, options: { json?: boolean }): void {
  if (name?.endsWith('.onnx'))
    throw new UsageError(
      `${name}: ballast models is about built-in models; expected a name (ballast units reads files)`,
    );
  if (name === undefined) {
    const found = catalogue();
    if (options.json) printDocument(modelsKind, null, found);
    else process.stdout.write(catalogueText(found));
    return;
  }
  const found = description(name);
  if (options.json) printDocument(modelKind, { name }, found);
  else process.stdout.write(descriptionText(found));
}

const withWeights = (listing: ModelListing) => ({ ...listing, ownWeights: ownWeights(listing.name) !== undefined });

const catalogue = () => ({
  models: modelList().map(withWeights),
  families: modelFamilies.map(({ pattern, what }) => ({ pattern, what })),
});

function description(name: string) {
  const { parameters, task, build } = modelNamed(name);
  // Units are found where the weights are constants.
  const units = task === 'language' ? 0 : findUnits(build(initialize(parameters, 0), 1)).length;
  return { ...withWeights(modelListing(name)), residualUnits: units, groups: parameterGroups(parameters) };
}

const inputOf = ({ task, inputShape }: ModelListing) =>
  task === 'language' ? `${inputShape[0]} tokens` : inputShape.join(' x ');

const orDash = (n: number) => (n === 0 ? '-' : formatCount(n));

/** In millions. */
const millions = (flops: number) => (flops < 1e8 ? formatNumber(flops / 1e6) : formatCount(flops / 1e6));

const tables: readonly (readonly [Task, string, string])[] = [
  ['classification', 'classes', 'image'],
  ['segmentation', 'classes', 'image'],
  ['language', 'words', 'sequence'],
];

function catalogueText({ models, families }: ReturnType<typeof catalogue>): string {
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

function descriptionText(found: ReturnType<typeof description>): string {
  const { name, task, classes, parameters, flops, residualUnits, groups } = found;
  const family = modelFamilies.find((f) => f.pattern === found.family)!;
  const example = task === 'language' ? `a sequence of ${inputOf(found)}` : 'an image';
  const facts = [
    [name, `${family.what} (${family.pattern})`],
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
