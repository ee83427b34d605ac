import type { Announcement, Requirements } from '../schema/index.ts';

/** Whether a worker has what a trial takes. */
export const fits = (
  { gpus, cpus, memory, command }: Requirements,
  worker: Pick<Announcement, 'gpus' | 'cores' | 'memory' | 'commands'>,
): boolean => gpus <= worker.gpus && cpus <= worker.cores && memory <= worker.memory && (!command || worker.commands);
