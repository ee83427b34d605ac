import { UsageError } from '../base/errors.ts';
import type { Graph } from '../onnx/index.ts';
import { emitBlocked } from './blocked/emit.ts';
import { blockedLayout } from './blocked/probe.ts';
import { lowerFloat64, needsFloat64 } from './float64/lower.ts';
import { guardedGraph, keptStatistics } from './guarded.ts';
import type { RuntimeOptions } from './options.ts';
import { emitWebgpu } from './webgpu/emit.ts';

/** The forms that a graph can be given to run: as it is, or with channels in blocks of 8 or 16, for x86 CPUs. */
export type EmissionName = 'plain' | 'blocked8' | 'blocked16';

export interface Emitted {
  readonly graph: Graph;
  readonly emission: EmissionName;
  /** ONNX Runtime's own optimization; `all` includes its layout pass. */
  readonly optimization: 'extended' | 'all';
}

const convolutions = new Set(['Conv', 'ConvTranspose']);

function hasConvolution(graph: Graph): boolean {
  return graph.nodes.some((n) => convolutions.has(n.opType) && n.outputs[0]!.dtype === 'float32');
}

/**
 * Writes `graph` for a device. `auto` is blocked wherever there is a convolution and the layout holds on this CPU, for
 * whole networks as well as for tangents and cotangents.
 *
 * Images/s of a ResNet-56 forward pass (random weights, batch normalization folded) on 2 AVX-512 cores, at batch 1 / 64 /
 * 128 / 500: plain without ONNX Runtime's layout pass 374 / 538 / 531 / 480, plain with it (`all`) 702 / 1194 / 1160 /
 * 1106, blocked 835 / 1296 / 1284 / 1238. Ours is ahead because option-A shortcuts stay blocked. PyTorch 1.13 there: 98 /
 * 677 / 710 / 537, channels_last 169 / 925 / 957 / 701. To measure again: `npm run bench -- emission`.
 *
 * Tangents and cotangents of single units, 128 vectors, ms plain / `all` / blocked: 16 channels 18.9 / 10.2 / 11.2, 32
 * channels 10.8 / 6.4 / 6.2, 64 channels 7.7 / 4.3 / 4.3, first unit of stage 2 11.1 / 7.8 / 6.2 (tangent) and 54.7 / 48.3
 * / 28.4 (cotangent, on a busy machine).
 */
export async function emit(asked: Graph, options: RuntimeOptions): Promise<Emitted> {
  const emitted = await written(asked, options);
  return { ...emitted, graph: keptStatistics(emitted.graph) };
}

async function written(asked: Graph, { device = 'cpu', emission = 'auto' }: RuntimeOptions): Promise<Emitted> {
  const given = guardedGraph(asked);
  const exact = needsFloat64(given) ? lowerFloat64(given) : given;
  const graph = device === 'webgpu' ? emitWebgpu(exact) : exact;
  // Asked for by name, plain is the reference that layouts are compared with: no layout pass at all.
  if (emission === 'plain') return { graph, emission, optimization: 'extended' };
  const plain: Emitted = { graph, emission: 'plain', optimization: 'all' };
  if (emission === 'auto' && (device !== 'cpu' || !hasConvolution(graph))) return plain;
  if (device !== 'cpu') throw new UsageError(`emission "blocked" is for device "cpu", not "${device}"`);
  const layout = await blockedLayout();
  if (layout.supported) {
    return { graph: emitBlocked(graph, layout.block), emission: `blocked${layout.block}`, optimization: 'all' };
  }
  if (emission === 'auto') return plain;
  throw new UsageError(`emission "blocked" is not available: ${layout.reason}`);
}
