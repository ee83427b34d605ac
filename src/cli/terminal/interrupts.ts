import { interruptedExitCode } from './failure.ts';

export interface Interrupts {
  /** Fires with the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** From then on signals do what they do by themselves. */
  end(): void;
}

/** The first Ctrl-C (or SIGTERM) asks for an end that loses nothing; a second one ends the process at once, which loses what was not written yet. */
export function listenForInterrupts(): Interrupts {
  const stop = new AbortController();
  const listener = () => {
    if (stop.signal.aborted) process.exit(interruptedExitCode);
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    signal: stop.signal,
    end() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
