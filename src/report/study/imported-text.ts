import type { ImportedSummary } from '../../schema/index.ts';
import { type ImportedFile, type ImportedLogs, shown } from '../../study/import/index.ts';
import { formatCount, plural } from '../numbers.ts';

/** Files, notes and names beyond which a list only counts. */
const [mostFiles, mostNotes, mostNames] = [20, 20, 12];

const listed = (all: readonly string[]) =>
  `${all.slice(0, mostNames).join(', ')}${all.length > mostNames ? `, and ${all.length - mostNames} more` : ''}`;

/** What was found in measurements of others; of logs, also how each was read. */
export function importedText({ workloads }: ImportedSummary, logs?: ImportedLogs): string {
  const lines = workloads.map(
    (w) =>
      `${shown(w.workload)}: ${plural(w.trials, 'trial')}, ${plural(w.measurements, 'measurement')}; batch ${w.batchSizes.join(', ')}; ${w.strategies.map(shown).join(', ')}; targets: ${w.targets.map(shown).join(', ') || 'none'}\n`,
  );
  return `${logs ? readingText(logs) : ''}${lines.join('')}`;
}

/** How each log was read, of many the first ones, and what a user should know of it. */
export function readingText({ files, passed, notes }: ImportedLogs): string {
  const lines: string[] = [];
  for (const file of files.slice(0, mostFiles)) lines.push(...fileText(file));
  if (files.length > mostFiles) lines.push(`and ${files.length - mostFiles} more logs`);
  for (const { path, why } of passed.slice(0, mostNotes)) lines.push(`${shown(path)}: not read: ${why}`);
  if (passed.length > mostNotes) lines.push(`and ${passed.length - mostNotes} more files not read`);
  const all = [
    ...alikeTold(
      files.flatMap((file) => file.notes.map((text) => ({ of: `${shown(file.path)}:`, text }))),
      'log',
    ),
    ...alikeTold(
      notes.map(({ run, text }) => ({ of: `run ${run}`, text })),
      'run',
    ),
  ];
  for (const note of all.slice(0, mostNotes)) lines.push(`note: ${note}`);
  if (all.length > mostNotes) lines.push(`and ${all.length - mostNotes} more notes (all of them as JSON)`);
  return `${lines.join('\n')}\n`;
}

/** Notes that differ in nothing but whom they are of and in their numbers are told once, of the first, with how many more there are. */
function alikeTold(notes: readonly { readonly of: string; readonly text: string }[], one: string): string[] {
  const alike = new Map<string, { readonly first: string; more: number }>();
  for (const { of, text } of notes) {
    const key = text.replace(/\d+(?:[.,]\d+)*/g, '0').replace(/\b(row|time|run)s?\b/g, '$1');
    const told = alike.get(key);
    if (told) told.more++;
    else alike.set(key, { first: `${of} ${text}`, more: 0 });
  }
  return [...alike.values()].map(({ first, more }) =>
    more === 0 ? first : `${first} (and so ${formatCount(more)} more ${one}${more === 1 ? '' : 's'})`,
  );
}

function fileText({ path, format, records, mapping, unused }: ImportedFile): string[] {
  const lines = [
    `${shown(path)}: ${format}, ${formatCount(records)} record${records === 1 ? '' : 's'}`,
    `  ${mapping.map(({ quantity, from }) => `${quantity} = ${listed(from.map(shown))}`).join('; ')}`,
  ];
  if (unused.length > 0)
    lines.push(`  not used: ${listed(unused.map(({ name, count }) => `${shown(name)} (${formatCount(count)})`))}`);
  return lines;
}
