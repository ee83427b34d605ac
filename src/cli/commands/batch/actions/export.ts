import { exportMeasurements } from '../../../../app/study/index.ts';
import { plural } from '../../../../report/index.ts';
import { checkRequest, exportedKind, exportRequest } from '../../../../schema/index.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

export async function exportAs(given: unknown, { json = false }: { readonly json?: boolean }): Promise<void> {
  const request = checkRequest(exportRequest, given);
  const found = await exportMeasurements(request, { doing: runningCommand() });
  if (json) printDocument(exportedKind, request, found);
  else
    process.stdout.write(
      `${request.path}: ${plural(found.measurements, 'measurement')} of ${plural(found.trials, 'trial')}\n`,
    );
}
