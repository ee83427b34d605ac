/** The process in which trials of a store run, started by `TrialProcess` and by nobody else. */
import { serveTrials } from './serve-trials.ts';

await serveTrials();
