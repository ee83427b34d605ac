/** Use cases without a terminal. */
export { type OutputFolder, type OutputRequest, openOutput, requireFree } from './output-folder.ts';
