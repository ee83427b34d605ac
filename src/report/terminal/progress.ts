import { formatDuration } from '../numbers.ts';
import { truncate } from './terminal-color.ts';

/** What a progress line is written to: standard error, or anything like it. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** How much work there is, in the unit of `update`; 1 unless told, so that updates are fractions. */
  readonly total?: number;
  readonly label: string;
  /** How much of it was done before, by an earlier run; 0 unless told. The time that is left follows from what is done since. */
  readonly from?: number;
  /** Write nothing at all. */
  readonly quiet?: boolean;
  /** Milliseconds since any fixed moment; the clock unless told. */
  readonly now?: () => number;
}

export interface Progress {
  /** `done` of `total`, and what is being worked on. */
  update(done: number, detail?: string): void;
  /** Ends the line, once: on a terminal it vanishes, elsewhere its duration is noted if anything was written before. */
  finish(outcome?: 'done' | 'stopped'): void;
}

const terminalInterval = 100;
const plainInterval = 10_000;
const barWidth = 20;

/**
 * Progress of long work with the time that is left. On a terminal one line is written over and over; elsewhere (a log file,
 * CI) a plain line appears about every ten seconds, so short work leaves no trace.
 */
export function createProgress({
  stream,
  total = 1,
  label,
  from = 0,
  quiet = false,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  if (quiet) return { update() {}, finish() {} };
  const terminal = stream.isTTY === true;
  const start = now();
  let last = terminal ? Number.NEGATIVE_INFINITY : start;
  let written = false;
  let finished = false;

  const text = (done: number, detail: string): string => {
    const fraction = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
    const elapsed = (now() - start) / 1000;
    const filled = Math.round(fraction * barWidth);
    const bar = terminal ? `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ` : '';
    const percent = `${Math.floor(100 * fraction)} %`.padStart(5);
    const left =
      done > from && fraction < 1 && elapsed >= 1
        ? `, ${formatDuration((elapsed * (total - done)) / (done - from))} left`
        : '';
    return `${label} ${bar}${percent}, ${formatDuration(elapsed)}${left}${detail ? `  ${detail}` : ''}`;
  };

  return {
    update(done, detail = '') {
      const time = now();
      if (finished || time - last < (terminal ? terminalInterval : plainInterval)) return;
      last = time;
      written = true;
      const line = text(done, detail);
      stream.write(terminal ? `\r\u001b[2K${truncate(line, Math.max(20, (stream.columns ?? 80) - 1))}` : `${line}\n`);
    },
    finish(outcome = 'done') {
      if (finished) return;
      finished = true;
      if (!written) return;
      stream.write(
        terminal
          ? '\r\u001b[2K'
          : `${label} ${outcome === 'done' ? 'done in' : 'stopped after'} ${formatDuration((now() - start) / 1000)}\n`,
      );
    },
  };
}
