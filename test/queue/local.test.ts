import { describe } from 'vitest';
import { StoreSource } from '../../src/queue/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { conforms } from '../support/queue/conformance.ts';

describe('the queue that is the store', () => {
  conforms(async (store) => ({
    source: async () => new StoreSource(await StudyStore.open(store.folder, { trusted: true })),
    round: async () => void store.claims.waiting(),
    replaced: async () => {},
    close: async () => {},
  }));
});
