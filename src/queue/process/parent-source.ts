import { type EventEmitter, once } from 'node:events';
import { eventText, type TrialEvent } from '../../schema/index.ts';
import { ClaimLost, type MeasurementRow } from '../../store/index.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';
import { KeptCurve } from './kept-curve.ts';
import type { GivenTrial, ParentMessage, ServedReport } from './trial-process-messages.ts';

const isSame = (a: MeasurementRow, b: MeasurementRow | undefined) =>
  b !== undefined && eventText({ kind: 'row', row: a }) === eventText({ kind: 'row', row: b });

/** Trials that the parent of this process gives to it, one after another; what it says of them goes to the parent, which has the connection, the fences and the folder. */
export class ParentSource implements TrialSource {
  readonly #report: (message: ServedReport) => Promise<void>;
  readonly #hardware: string;
  readonly #signal: AbortSignal;
  readonly #parent: EventEmitter;
  /** Of the trial that is computed, why it was lost. */
  #lost: string | undefined;
  /** Given, and not yet taken up. */
  #given: GivenTrial | undefined;

  /** @param parent What messages of the parent come from. */
  constructor(
    report: (message: ServedReport) => Promise<void>,
    hardware: string,
    signal: AbortSignal,
    parent: EventEmitter = process,
  ) {
    this.#report = report;
    this.#hardware = hardware;
    this.#signal = signal;
    this.#parent = parent;
    parent.on('message', (message) => {
      const told = message as ParentMessage;
      if (told.kind === 'lost') this.#lost = told.why;
      else this.#given = told.trial;
    });
  }

  async claim(): Promise<HeldTrial | undefined> {
    void this.#report({ kind: 'ready', hardware: this.#hardware });
    while (this.#given === undefined) {
      if (this.#signal.aborted) return undefined;
      await once(this.#parent, 'message', { signal: this.#signal }).catch(() => {});
    }
    const trial = this.#given;
    this.#given = undefined;
    this.#lost = undefined;
    const { folder, known, ...claim } = trial;
    const say = (event: TrialEvent) => {
      if (this.#lost !== undefined) throw new ClaimLost(this.#lost);
      void this.#report({ kind: 'said', event });
    };
    const kept = new KeptCurve(folder);
    return {
      ...claim,
      folder,
      from: 'the queue',
      known: () => kept.with(known),
      begin: (step) => {
        const before = kept.with(known).filter((row) => row.step <= step);
        kept.begin(before);
        say({ kind: 'begun', step });
        // What an earlier attempt had measured and could not get across.
        const told = new Map(known.map((row) => [row.step, row]));
        for (const row of before) if (!isSame(row, told.get(row.step))) say({ kind: 'row', row });
      },
      measure: (row) => {
        kept.add(row);
        say({ kind: 'row', row });
      },
      renew: (step) => say({ kind: 'alive', step }),
      end: ({ status, step, note, hardware, secondsPerStep }) => {
        say({ kind: 'ended', status, step, note, hardware, secondsPerStep });
        if (status === 'queued') kept.close();
        else kept.remove();
      },
      crash: (how) => say({ kind: 'crashed', how }),
      settled: async () => {},
    };
  }

  async announce(): Promise<void> {}

  async close(): Promise<void> {}
}
