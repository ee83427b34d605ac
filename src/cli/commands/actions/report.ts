import { allMeasurements } from '../../../app/measurements/index.ts';
import { writeFigures, writePages } from '../../../app/stored-files.ts';
import { csvText, documentJson, type StoredResult, storedResults, tableOf } from '../../../app/stored-results.ts';
import { UsageError } from '../../../base/errors.ts';
import { wantsColor } from '../../../report/index.ts';
import type { StoredReportRequest } from '../../../schema/index.ts';
import { commandLineOf } from '../../measurement-command.ts';
import { runningCommand } from '../../terminal/invocation.ts';

export async function run(
  { paths, out, figures, csv }: StoredReportRequest,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  if (csv && json) throw new UsageError('--csv and --json do not go together: expected one of them');
  const found = (await Promise.all(paths.map(storedResults))).flat();
  for (const stored of found) {
    if (json) process.stdout.write(`${JSON.stringify(documentJson(stored))}\n`);
    else if (csv) process.stdout.write(`${csvText(stored.document)}\n`);
    else {
      if (found.length > 1) process.stdout.write(`${stored.path}\n`);
      process.stdout.write(`${(await tableOf(stored, wantsColor(process.stdout))).trimEnd()}\n`);
    }
  }
  const options = { command: commandOf, doing: runningCommand() };
  const say = (line: string) => process.stderr.write(`${line}\n`);
  if (out !== undefined)
    for (const { stored, path } of await writePages(found, out, options))
      say(path === undefined ? `${stored.path}: a ${stored.document.kind.kind} has no page` : `page: ${path}`);
  if (figures !== undefined)
    for (const { path, figures: count } of await writeFigures(found, figures, options))
      say(`${count} figures: ${path}`);
}

/** The command line that a result was asked for with, where it says so. */
function commandOf({ document: { kind, request } }: StoredResult): string | undefined {
  const measurement = allMeasurements().find((m) => m.kind === kind);
  return measurement && request ? commandLineOf(measurement, request) : undefined;
}
