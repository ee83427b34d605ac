import { describe } from 'vitest';
import { Coordinator, FolderQueue, FolderSource } from '../../src/queue/index.ts';
import { conforms } from '../support/queue/conformance.ts';

describe('the queue in a shared folder', () => {
  conforms(async (store) => {
    let now = 0;
    const coordinator = () =>
      new Coordinator({ store, queue: new FolderQueue(store.folder, { now: () => now }), now: () => now });
    let current = coordinator();
    return {
      source: async (worker) => new FolderSource(store.folder, worker),
      round: async () => {
        await current.round();
        // Past the time that a trial waits after a crash, within that of a lease.
        now += 61_000;
        await current.round();
      },
      replaced: async () => {
        current = coordinator();
      },
      close: async () => {},
    };
  });
});
