import { arch } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { reasonOf } from '../../base/errors.ts';
import { GraphBuilder, sizeOf, tensor, writeModel } from '../../onnx/index.ts';
import { emitBlocked } from './emit.ts';

/** Whether blocked emission holds on this machine, and if not, why. */
export type BlockedLayout =
  | { readonly supported: true; readonly block: 8 | 16 }
  | { readonly supported: false; readonly reason: string };

/** Numbers in [-1, 1) that look random and are the same everywhere. */
function numbers(shape: readonly number[], seed: number) {
  const data = Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => ((i * 2654435761 + seed * 40503) % 2048) / 1024 - 1,
  );
  return tensor('float32', shape, data);
}

/** A first layer, a strided and a depthwise convolution, a residual addition and pooling, on 16 channels. */
function smallNet() {
  const b = new GraphBuilder('probe');
  const x = b.input('x', 'float32', [2, 3, 7, 7]);
  const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const first = b.relu(b.conv(x, b.constant(numbers([16, 3, 3, 3], 1)), b.constant(numbers([16], 2)), same));
  const branch = b.conv(first, b.constant(numbers([16, 16, 3, 3], 3)), null, same);
  const depthwise = b.conv(first, b.constant(numbers([16, 1, 3, 3], 4)), null, { ...same, group: 16 });
  const sum = b.relu(b.add(branch, depthwise));
  b.output('y', b.conv(sum, b.constant(numbers([16, 16, 1, 1], 5)), null, { kernel_shape: [1, 1], strides: [2, 2] }));
  return b.build();
}

/** Runs a small net in both orders and compares: the blocked kernels are not a public interface of ONNX Runtime. */
export async function probeBlock(block: 8 | 16): Promise<BlockedLayout> {
  try {
    const net = smallNet();
    const b = new GraphBuilder('probe');
    const x = b.input('x', 'float32', [2, 3, 7, 7]);
    b.output('plain', b.inline(net, { x }).get(net.outputs[0]!.value)!);
    const blocked = emitBlocked(net, block);
    b.output('blocked', b.inline(blocked, { x }).get(blocked.outputs[0]!.value)!);
    // Without optimization: ONNX Runtime's own layout pass would turn the plain half into a blocked one.
    const session = await InferenceSession.create(writeModel(b.build()), {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    const input = numbers([2, 3, 7, 7], 6);
    const outputs = await session.run({ x: new Tensor('float32', input.data as Float32Array, input.shape) });
    await session.release();
    const [p, q] = [outputs.plain!.data as Float32Array, outputs.blocked!.data as Float32Array];
    const largest = p.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const worst = p.reduce((m, v, i) => Math.max(m, Math.abs(v - q[i]!)), 0);
    // NaN must fail, too.
    if (!(worst <= 1e-5 * largest)) return { supported: false, reason: `blocks of ${block} give other numbers here` };
    return { supported: true, block };
  } catch (error) {
    return { supported: false, reason: `ONNX Runtime refuses blocks of ${block}: ${reasonOf(error)}` };
  }
}

let found: Promise<BlockedLayout> | undefined;

async function probe(): Promise<BlockedLayout> {
  if (arch() !== 'x64')
    return { supported: false, reason: `the CPU is ${arch()}, blocked kernels are used on x64 only` };
  const wide = await probeBlock(16);
  return wide.supported ? wide : probeBlock(8);
}

/** The blocked layout of this machine, found once a process (about 20 ms). */
export function blockedLayout(): Promise<BlockedLayout> {
  found ??= probe();
  return found;
}
