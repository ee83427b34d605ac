import { owningFolder } from '../../../../formats/index.ts';
import { plural } from '../../../../report/index.ts';
import { exportedKind } from '../../../../schema/index.ts';
import { type ExportFormat, exportStudy, readStudy } from '../../../../study/index.ts';
import { runningCommand } from '../../../terminal/output-folder.ts';
import { printDocument } from '../../../terminal/print-document.ts';

interface ExportOptions {
  readonly format: ExportFormat;
  readonly to: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function exportAs(dir: string, { format, to, all = false, json = false }: ExportOptions): Promise<void> {
  const study = await readStudy(dir, { all });
  const write = () => exportStudy(study, format, to);
  // A file is exchanged whole; a folder is somebody's.
  await (format === 'layout' ? owningFolder(to, { doing: runningCommand(), sweepDepth: 6 }, write) : write());
  const measurements = study.trials.reduce((n, t) => n + t.measurements.length, 0);
  const found = { study: study.name, trials: study.trials.length, measurements, format, path: to };
  if (json) printDocument(exportedKind, { folder: dir, format, path: to, all }, found);
  else process.stdout.write(`${to}: ${plural(measurements, 'measurement')} of ${plural(found.trials, 'trial')}\n`);
}
