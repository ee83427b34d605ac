/** Studies beyond one machine: handed out, worked on, looked at and steered. */
export type { HandedOut } from './handed-out.ts';
export { plannedArray } from './planned-array.ts';
export {
  cancelQueuedStudy,
  drainQueuedStudy,
  type QueuedStudyOptions,
  queueState,
  retryFailed,
  syncQueuedStudy,
} from './queued-study.ts';
export { isRedisUrl, redisChoice } from './redis-choice.ts';
export { type WorkOptions, work } from './work.ts';
