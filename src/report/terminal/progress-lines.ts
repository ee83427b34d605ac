import { createProgress, type Progress, type ProgressOptions, type ProgressStream } from './progress.ts';
import { truncate } from './terminal-color.ts';

export interface ProgressLines extends Progress {
  /** Sets what one worker is at; undefined takes its line away. */
  line(key: string, text: string | undefined): void;
  /** Writes a line that stays, above the others. */
  say(text: string): void;
}

/** Milliseconds between two paintings. */
const interval = 100;

/**
 * Progress of work that several workers do: on a terminal a line for each below the total, painted over and over; elsewhere the plain lines of
 * `createProgress`, for the total alone.
 */
export function createProgressLines(options: ProgressOptions): ProgressLines {
  const { stream, quiet = false, now = () => performance.now() } = options;
  if (quiet || stream.isTTY !== true) {
    const total = createProgress(options);
    return { ...total, line() {}, say: (text) => void (quiet || stream.write(`${text}\n`)) };
  }
  let head = '';
  // Its own line goes into ours; what it writes to begin it anew is left out.
  const inner: ProgressStream = {
    isTTY: true,
    columns: 10_000,
    write: (text) => {
      head = text.replace('\r\u001b[2K', '');
    },
  };
  const total = createProgress({ ...options, stream: inner });
  const lines = new Map<string, string>();
  let painted = 0;
  let last = Number.NEGATIVE_INFINITY;
  const clear = () => (painted > 1 ? `\u001b[${painted - 1}A` : '') + (painted > 0 ? '\r\u001b[0J' : '');
  const paint = () => {
    last = now();
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    const all = [head, ...lines.values()].map((text) => truncate(text, width));
    stream.write(clear() + all.join('\n'));
    painted = all.length;
  };
  const repaint = () => {
    if (now() - last >= interval) paint();
  };
  return {
    update(done, detail) {
      total.update(done, detail);
      repaint();
    },
    line(key, text) {
      if (text === undefined) lines.delete(key);
      else lines.set(key, `  ${text}`);
      repaint();
    },
    say(text) {
      stream.write(`${clear()}${text}\n`);
      painted = 0;
      paint();
    },
    finish() {
      total.finish();
      stream.write(clear());
      painted = 0;
    },
  };
}
