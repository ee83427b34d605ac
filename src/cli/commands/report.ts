import { join } from 'node:path';
import { Command } from 'commander';
import type { StoredResult } from '../../app/stored-results.ts';
import { UsageError } from '../../base/errors.ts';
import { exampleText } from '../flags/examples.ts';
import { commandSummaries } from '../summaries.ts';
import { runningCommand } from '../terminal/invocation.ts';

interface ReportOptions {
  readonly out?: string;
  readonly figures?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export function reportCommand(): Command {
  return new Command('report')
    .description(commandSummaries.report.summary)
    .argument('<path...>', 'results: files such as result.json, or folders with some')
    .option('--out <dir>', 'write the page of each there (NAME.html, report.html where there is one result)')
    .option('--figures <dir>', 'write each figure there as SVG, and what it shows as CSV')
    .option('--csv', 'print the result as comma-separated values, a row for each value of a spectrum')
    .option('--json', 'print the results in the form of today, a line each')
    .addHelpText('after', exampleText('ballast report out/spectrum --out pages --figures figures'))
    .action(run);
}

async function run(
  paths: readonly string[],
  { out, figures, csv = false, json = false }: ReportOptions,
): Promise<void> {
  if (csv && json) throw new UsageError('--csv and --json do not go together: expected one of them');
  const [{ csvText, documentJson, nameOf, pageOf, storedResults, tableOf }, { wantsColor }] = await Promise.all([
    import('../../app/stored-results.ts'),
    import('../../report/index.ts'),
  ]);
  const found = (await Promise.all(paths.map(storedResults))).flat();
  const command = await commandOf(found);
  for (const stored of found) {
    if (json) process.stdout.write(`${JSON.stringify(documentJson(stored))}\n`);
    else if (csv) process.stdout.write(`${csvText(stored.document)}\n`);
    else {
      if (found.length > 1) process.stdout.write(`${stored.path}\n`);
      process.stdout.write(`${(await tableOf(stored, wantsColor(process.stdout))).trimEnd()}\n`);
    }
  }
  const name = (stored: StoredResult) => (found.length === 1 ? 'report' : nameOf(stored));
  const { owningFolder } = await import('../../formats/index.ts');
  const doing = runningCommand();
  if (out !== undefined)
    await owningFolder(out, { doing }, () => writePages(found, out, (s) => pageOf(s, command(s)), name));
  if (figures !== undefined)
    await owningFolder(figures, { doing }, () =>
      writeFigures(found, figures, (s) => pageOf(s, command(s)), found.length > 1 ? nameOf : undefined),
    );
}

/** The command line that a result was asked for with, where it says so. */
async function commandOf(found: readonly StoredResult[]): Promise<(stored: StoredResult) => string | undefined> {
  if (found.length === 0) return () => undefined;
  const [{ commandLineOf }, { allMeasurements }] = await Promise.all([
    import('../measurement-command.ts'),
    import('../../instrument/index.ts'),
  ]);
  return ({ document: { kind, request } }) => {
    const measurement = allMeasurements().find((m) => m.kind === kind);
    return measurement && request ? commandLineOf(measurement, request) : undefined;
  };
}

type Page = (stored: StoredResult) => Promise<string | undefined>;

async function writePages(
  found: readonly StoredResult[],
  folder: string,
  page: Page,
  name: (stored: StoredResult) => string,
): Promise<void> {
  const { makeFolder, writeFileAtomic } = await import('../../formats/index.ts');
  await makeFolder(folder);
  for (const stored of found) {
    const html = await page(stored);
    if (html === undefined) {
      process.stderr.write(`${stored.path}: a ${stored.document.kind.kind} has no page\n`);
      continue;
    }
    const file = join(folder, `${name(stored)}.html`);
    await writeFileAtomic(file, html);
    process.stderr.write(`page: ${file}\n`);
  }
}

async function writeFigures(
  found: readonly StoredResult[],
  folder: string,
  page: Page,
  name: ((stored: StoredResult) => string) | undefined,
): Promise<void> {
  const [{ makeFolder, writeFileAtomic }, { figureFiles, figuresOf }] = await Promise.all([
    import('../../formats/index.ts'),
    import('../../report/pages.ts'),
  ]);
  for (const stored of found) {
    const own = name ? join(folder, name(stored)) : folder;
    const files = figureFiles(await figuresOf(async () => (await page(stored)) ?? ''));
    await makeFolder(own);
    for (const file of files) await writeFileAtomic(join(own, file.name), file.text);
    process.stderr.write(`${files.filter((f) => f.name.endsWith('.svg')).length} figures: ${own}\n`);
  }
}
