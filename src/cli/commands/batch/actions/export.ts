import { exportMeasurements } from '../../../../app/study/index.ts';
import { formatCount } from '../../../../report/index.ts';
import { checkRequest, exportedKind, exportRequest } from '../../../../schema/index.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

export async function exportAs(given: unknown, { json = false }: { readonly json?: boolean }): Promise<void> {
  const request = checkRequest(exportRequest, given);
  const found = await exportMeasurements(request, { doing: runningCommand() });
  if (json) printDocument(exportedKind, request, found);
  else
    process.stdout.write(
      `${request.path}: ${formatCount(found.measurements)} measurements of ${formatCount(found.trials)} trials\n`,
    );
}
