/** Measurements of others, as studies. */
export { exportedTable, importExported } from './exported.ts';
export type { RunNote } from './imported-run.ts';
export { importLayout } from './layout.ts';
export type { ImportedFile, ImportedLogs, ImportedTrial } from './logs.ts';
export { type LogMapping, type LogMappingInput, parseMapping } from './mapping.ts';
export { readMeasured, writeMeasured, writeStudy } from './measured-file.ts';
export { type Imported, importMeasurements, importStudy, measuredFile, readImported } from './open.ts';
export { shown } from './shown.ts';
