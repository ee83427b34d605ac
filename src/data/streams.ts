import { UsageError } from '../base/errors.ts';
import { requireLength } from './dataset.ts';

/** A text as parallel streams for truncated back-propagation through time: row b continues from window to window. */
export interface TokenStreams {
  readonly batch: number;
  /** Tokens a stream. */
  readonly length: number;
  /** [batch, length]: the text cut into `batch` pieces; the last n mod batch tokens are left out. */
  readonly tokens: Int32Array;
}

/** Cuts a text into `batch` streams of floor(n / batch) tokens. Throws UsageError when a stream would have fewer than two. */
export function batchify(tokens: Int32Array, batch: number): TokenStreams {
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new UsageError(`the number of streams must be a positive whole number, got ${batch}`);
  }
  const length = Math.floor(tokens.length / batch);
  if (length < 2) {
    throw new UsageError(`a text of ${tokens.length} tokens cannot be cut into ${batch} streams of two or more`);
  }
  return { batch, length, tokens: tokens.subarray(0, batch * length) };
}

/** The target of a position that has none: it counts in no loss. */
export const noTarget = -1;

/**
 * How many windows of `steps` tokens the streams have. A stream of L tokens has L - 1 targets; what is left of them behind the last
 * full window is dropped, or with `tail` it is one more window, filled up (see `windowInto`), so that an evaluation counts every target.
 */
export function windowCount(streams: TokenStreams, steps: number, { tail = false } = {}): number {
  if (!(Number.isInteger(steps) && steps > 0)) {
    throw new UsageError(`the window must be a positive whole number of tokens, got ${steps}`);
  }
  const windows = (streams.length - 1) / steps;
  return tail ? Math.ceil(windows) : Math.floor(windows);
}

/**
 * Window w: inputs are tokens w T .. w T + T - 1 of each stream, targets the tokens one later. Beyond the end of a stream inputs are 0
 * and targets `noTarget`, which happens in the tail window alone.
 *
 * @param inputs [batch, steps], filled; likewise `targets`.
 * @returns How many targets there are: batch * steps but for the tail.
 * @throws UsageError for a window that the streams do not have.
 */
export function windowInto(
  streams: TokenStreams,
  steps: number,
  window: number,
  inputs: Int32Array,
  targets: Int32Array,
): number {
  const windows = windowCount(streams, steps, { tail: true });
  if (!(Number.isInteger(window) && window >= 0 && window < windows)) {
    throw new UsageError(`window ${window} is out of range: the text has windows 0 to ${windows - 1}`);
  }
  const { batch, length, tokens } = streams;
  requireLength(inputs, batch * steps);
  requireLength(targets, batch * steps);
  const first = window * steps;
  const present = Math.min(steps, length - 1 - first);
  for (let b = 0; b < batch; b++) {
    const [from, to] = [b * length + first, b * steps];
    inputs.set(tokens.subarray(from, from + present), to);
    inputs.fill(0, to + present, to + steps);
    targets.set(tokens.subarray(from + 1, from + 1 + present), to);
    targets.fill(noTarget, to + present, to + steps);
  }
  return batch * present;
}
