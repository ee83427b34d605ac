import { freemem, totalmem } from 'node:os';
import { BallastError } from '../base/errors.ts';
import { type Graph, sizeOf, type Value } from '../onnx/index.ts';

/** Bytes that this process can still take: what the system has free, and what its limit (a container's) leaves. */
export function availableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  // Without a limit Node says 0, or more than any machine has.
  const below = limit > 0 && limit < 2 ** 52 ? limit - process.memoryUsage.rss() : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(freeOf(process.platform, freemem(), totalmem()), below));
}

/** macOS counts as used what it gives back when asked (cached files, inactive pages): there half of the machine is taken to be free. */
export const freeOf = (platform: NodeJS.Platform, free: number, total: number): number =>
  platform === 'darwin' ? Math.max(free, total / 2) : free;

const shown = (bytes: number) =>
  bytes >= 1e12
    ? `${(bytes / 1e12).toPrecision(3)} TB`
    : bytes >= 1e9
      ? `${(bytes / 1e9).toPrecision(3)} GB`
      : `${Math.ceil(bytes / 1e6)} MB`;

/**
 * Refuses what will not fit, before anything of it is taken.
 *
 * @param bytes By estimate.
 * @param what What takes it, such as `a training step of 4096 images at a time`.
 * @param change What to do, such as `choose a smaller batch`.
 * Throws BallastError with both numbers.
 */
export function requireMemory(bytes: number, what: string, change: string, available = availableMemory()): void {
  if (!(bytes > available)) return;
  throw new BallastError(`${what} takes about ${shown(bytes)} of memory, ${shown(available)} are free; ${change}`);
}

const bytesOf: Readonly<Record<string, number>> = { float64: 8, int64: 8, float32: 4, int32: 4, int16: 2, float16: 2 };

/** Most bytes that are alive at a time when the nodes run in their order and a value goes after its last use. Static shapes. */
export function peakBytes(graph: Graph): number {
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach((node, i) => {
    for (const v of node.inputs) if (v) lastUse.set(v, i);
  });
  for (const { value } of graph.outputs) lastUse.set(value, graph.nodes.length);
  const size = (v: Value) => sizeOf(v.shape as readonly number[]) * (bytesOf[v.dtype] ?? 1);
  const ending = new Map<number, number>();
  let [alive, peak] = [0, 0];
  graph.nodes.forEach((node, i) => {
    for (const v of node.outputs) {
      alive += size(v);
      const end = lastUse.get(v) ?? i;
      ending.set(end, (ending.get(end) ?? 0) + size(v));
    }
    peak = Math.max(peak, alive);
    alive -= ending.get(i) ?? 0;
  });
  return peak;
}
