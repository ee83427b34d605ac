/** What there is: data sets, models, and the residual units of a network. */
export { type DatasetRequest, describeDataset, listDatasets } from './datasets.ts';
export { describeModel, listModels } from './models.ts';
export { listUnits } from './units.ts';
