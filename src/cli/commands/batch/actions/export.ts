import { exportMeasurements } from '../../../../app/study/index.ts';
import { plural } from '../../../../report/index.ts';
import { type ExportedSummary, exportedKind } from '../../../../schema/index.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

interface ExportOptions {
  readonly format: ExportedSummary['format'];
  readonly to: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function exportAs(
  folder: string,
  { format, to, all = false, json = false }: ExportOptions,
): Promise<void> {
  const request = { folder, format, path: to, all };
  const found = await exportMeasurements(request, { doing: runningCommand() });
  if (json) printDocument(exportedKind, request, found);
  else
    process.stdout.write(`${to}: ${plural(found.measurements, 'measurement')} of ${plural(found.trials, 'trial')}\n`);
}
