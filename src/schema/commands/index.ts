/** What commands are asked for that write no result with its request: their keys with defaults, ranges and a line each. */
export { type Cluster, clusterKeys } from './cluster.ts';
export { demoRequest } from './demo.ts';
export { type InitRequest, initRequest, targetIn } from './init.ts';
export { completionRequest, type DatasetsRequest, datasetsRequest, modelsRequest, schemaRequest } from './lists.ts';
export { type PlanKeys, planKeys } from './plan.ts';
export {
  bucketKeys,
  drainRequest,
  type QueueRequest,
  queueKeys,
  queueKeysOf,
  retryRequest,
  studyFolderRequest,
} from './queue.ts';
export {
  type BatchReportRequest,
  batchReportRequest,
  type StoredReportRequest,
  storedReportRequest,
} from './report.ts';
export { type ServeRequest, serveRequest } from './serve.ts';
export { type WorkerRequest, workerRequest } from './worker.ts';
