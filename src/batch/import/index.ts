/** Measurements of others, as studies. */
export { importCsv } from './csv.ts';
export { type CsvMapping, type CsvMappingInput, parseMapping } from './mapping.ts';
