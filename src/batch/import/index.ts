/** Measurements of others, as studies. */
export { importCsv } from './csv.ts';
export { importLayout } from './layout.ts';
export { type CsvMapping, type CsvMappingInput, parseMapping } from './mapping.ts';
export { importStudy, measuredFile, readImported, readMeasured } from './open.ts';
