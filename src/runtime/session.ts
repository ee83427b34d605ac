import { env, InferenceSession } from 'onnxruntime-node';
import { deviceError, parseDevice } from './devices.ts';
import type { RuntimeOptions } from './options.ts';
import { runtimeError } from './runtime-error.ts';
import { defaultThreads } from './threads.ts';

// Failures come back as exceptions; ONNX Runtime would print them a second time.
env.logLevel = 'fatal';

/**
 * Optimizations that are wrong in float64: one fuses x sigmoid(x) into a node that has a float32 kernel only, the other moves the factor of a
 * product into an attribute, where it is rounded to float32 (an attention score is then off by 1e-9).
 */
const singleOnly = 'QuickGeluFusion;MatMulScaleFusion';

/**
 * The options of every session, measured on ResNet training steps:
 * the arena saves 25% of a step; memory patterns gain nothing and nearly double the resident memory; parallel execution
 * of nodes is three times slower than parallelism inside them.
 *
 * Threads wait busily inside a run and stop at its end. Pools that go on spinning after it (ONNX Runtime's default) take
 * the cores from the next session's run, and pools that never spin are slow to wake between small nodes. Median ms of one
 * 13-convolution net on 2 cores, alone / three sessions in turn:
 *
 *   batch   spin on      never spin    spin inside a run (used here)
 *   64      14.8 / 40.0  15.2 / 14.9   14.9 / 14.6
 *   1       0.25 / 0.43  0.50 / 0.48   0.29 / 0.29
 *
 * So any number of programs may be alive, and only a program of sub-millisecond calls that is alone gains from `spinning`.
 *
 * On WebGPU the order of axes stays as the graph has it: reordering (the default, NHWC) makes 300 more nodes of a ResNet-20's training step, which
 * took 44.7 instead of 38 ms on an H200 (batch 128); evaluation alone would gain by it (ResNet-56: 14,700 against 12,500 images/s).
 */
export function sessionOptions(options: RuntimeOptions = {}, exact = false): InferenceSession.SessionOptions {
  const { device = 'cpu', threads = defaultThreads(), spinning = false } = options;
  return {
    executionProviders:
      device === 'cpu' ? ['cpu'] : [device === 'webgpu' ? { name: 'webgpu', preferredLayout: 'NCHW' } : device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: true,
    enableMemPattern: false,
    graphOptimizationLevel: 'all',
    // ONNX Runtime's own words reach nobody: see `runtimeError`.
    logSeverityLevel: 4,
    extra: {
      session: { force_spinning_stop: spinning ? '0' : '1' },
      optimization: { disable_specified_optimizers: exact ? singleOnly : '' },
    },
  };
}

/** A session on the bytes of a model; `name` is the graph's, for messages, `exact` where it computes in float64. */
export async function createSession(
  model: Uint8Array,
  options: RuntimeOptions,
  optimization: 'extended' | 'all',
  { name, exact = false }: { readonly name: string; readonly exact?: boolean },
): Promise<InferenceSession> {
  const device = parseDevice(options.device ?? 'cpu');
  try {
    return await InferenceSession.create(model, {
      ...sessionOptions(options, exact),
      graphOptimizationLevel: optimization,
    });
  } catch (cause) {
    if (device !== 'cpu') throw deviceError(device, cause);
    throw runtimeError(name, 'prepare', cause);
  }
}
