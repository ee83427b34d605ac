import { owningFolder } from '../../formats/index.ts';
import type { ExportedSummary, ExportRequest } from '../../schema/index.ts';
import { exportStudy, measuredInFolder } from '../../study/index.ts';

/** Writes the measurements of a study for other programs. `doing`: what whoever comes second is told this process is doing. Throws FileError for a folder in which nothing was measured. */
export async function exportMeasurements(
  { folder, format, path, all }: ExportRequest,
  { doing = `an export of ${folder}` }: { readonly doing?: string | undefined } = {},
): Promise<ExportedSummary> {
  const study = await measuredInFolder(folder, { all });
  const write = () => exportStudy(study, format, path);
  // A file is exchanged whole; a folder is somebody's.
  await (format === 'layout' ? owningFolder(path, { doing, sweepDepth: 6 }, write) : write());
  const measurements = study.trials.reduce((n, t) => n + t.measurements.length, 0);
  return { study: study.name, trials: study.trials.length, measurements, format, path };
}
