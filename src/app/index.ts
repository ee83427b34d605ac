/** What Ballast can be asked to do, without a terminal: commands and servers are thin over it. */
export { type DemoEvent, type Demonstrated, type DemoOptions, demonstrate } from './demo.ts';
export * from './listing/index.ts';
export {
  type MeasurementName,
  type MeasurementPlan,
  type MeasureOptions,
  measure,
  type Outcome,
  prepare,
  type Underway,
} from './measure.ts';
export { type OutputFolder, type OutputRequest, openOutput, requireFree } from './output-folder.ts';
export * from './study/index.ts';
export * from './training/index.ts';
