import { once } from 'node:events';
import type { TrialEvent } from '../../schema/index.ts';
import { ClaimLost } from '../../store/index.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';
import type { GivenTrial, ParentMessage, ServedReport } from './trial-process-messages.ts';

/** Trials that the parent of this process gives to it, one after another; what it says of them goes to the parent, which has the connection, the fences and the folder. */
export class ParentSource implements TrialSource {
  readonly #report: (message: ServedReport) => Promise<void>;
  readonly #hardware: string;
  readonly #signal: AbortSignal;
  /** Of the trial that is computed, why it was lost. */
  #lost: string | undefined;
  /** Given, and not yet taken up. */
  #given: GivenTrial | undefined;

  constructor(report: (message: ServedReport) => Promise<void>, hardware: string, signal: AbortSignal) {
    this.#report = report;
    this.#hardware = hardware;
    this.#signal = signal;
    process.on('message', (message) => {
      const told = message as ParentMessage;
      if (told.kind === 'lost') this.#lost = told.why;
      else this.#given = told.trial;
    });
  }

  async claim(): Promise<HeldTrial | undefined> {
    void this.#report({ kind: 'ready', hardware: this.#hardware });
    while (this.#given === undefined) {
      if (this.#signal.aborted) return undefined;
      await once(process, 'message', { signal: this.#signal }).catch(() => {});
    }
    const trial = this.#given;
    this.#given = undefined;
    this.#lost = undefined;
    const { folder, known, ...claim } = trial;
    const say = (event: TrialEvent) => {
      if (this.#lost !== undefined) throw new ClaimLost(this.#lost);
      void this.#report({ kind: 'said', event });
    };
    return {
      ...claim,
      folder,
      from: 'the queue',
      known: () => [...known],
      begin: (step) => say({ kind: 'begun', step }),
      measure: (row) => say({ kind: 'row', row }),
      renew: (step) => say({ kind: 'alive', step }),
      end: ({ status, step, note, hardware, secondsPerStep }) =>
        say({ kind: 'ended', status, step, note, hardware, secondsPerStep }),
      crash: (how) => say({ kind: 'crashed', how }),
      settled: async () => {},
    };
  }

  async announce(): Promise<void> {}

  async close(): Promise<void> {}
}
