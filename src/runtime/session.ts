import { InferenceSession } from 'onnxruntime-node';
import { BallastError } from '../errors.ts';
import { deviceError, parseDevice } from './devices.ts';
import type { RuntimeOptions } from './program.ts';
import { defaultThreads } from './threads.ts';

/**
 * The options of every session, measured on ResNet training steps:
 * the arena saves 25% of a step; memory patterns gain nothing and nearly double the resident memory; parallel execution
 * of nodes is three times slower than parallelism inside them.
 */
export function sessionOptions(options: RuntimeOptions): InferenceSession.SessionOptions {
  const { device = 'cpu', threads = defaultThreads(), spinning = false } = options;
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: true,
    enableMemPattern: false,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  };
}

/** A session on the bytes of a model. */
export async function createSession(model: Uint8Array, options: RuntimeOptions): Promise<InferenceSession> {
  const device = parseDevice(options.device ?? 'cpu');
  try {
    return await InferenceSession.create(model, sessionOptions(options));
  } catch (cause) {
    if (device !== 'cpu') throw deviceError(device, cause);
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new BallastError(`ONNX Runtime does not accept the graph: ${reason}`, { cause });
  }
}
