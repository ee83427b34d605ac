import { describe, expect, it } from 'vitest';
import { GraphBuilder, tensor } from '../../../src/onnx/index.ts';
import { findUnits, planBlock } from '../../../src/stability/index.ts';

/** A unit of two 3x3 convolutions on maps of `size` x `size`, with every hidden unit active. */
function unitOf(channels: number, size: number) {
  const b = new GraphBuilder('plan');
  const shape = [1, channels, size, size];
  const weight = b.constant(tensor('float32', [channels, channels, 3, 3], new Float32Array(channels * channels * 9)));
  const conv = (x: typeof weight) => b.op('Conv', [x, weight], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const x = b.relu(b.input('x', 'float32', shape));
  b.output('y', b.add(x, conv(b.relu(conv(x)))));
  const [unit] = findUnits(b.build());
  const active = tensor('float32', shape, new Float32Array(channels * size * size).fill(1));
  return { block: { name: 'unit', units: [unit!] }, at: new Map([[unit!.hidden!.pre, active]]) };
}

const asked = { finalRelu: false, top: 5 };
const gigabytes = 1e9;

describe('the plan of a block', () => {
  it('is exact where that fits, whatever else is possible', () => {
    const { block, at } = unitOf(8, 8);
    expect(planBlock(block, at, { ...asked, method: 'auto' }, 8 * gigabytes).method).toBe('dense');
  });

  it('is leading values, in bounded memory and time, at 200,000 dimensions', () => {
    const { block, at } = unitOf(64, 56);
    const plan = planBlock(block, at, { ...asked, method: 'auto' }, 8 * gigabytes);
    expect(plan).toMatchObject({ method: 'lanczos', shape: [200704, 200704] });
    expect(plan.bytes).toBeLessThan(1 * gigabytes);
    expect(plan.seconds).toBeLessThan(600);
  });

  it.each(['dense', 'structured'] as const)('refuses %s where it does not fit, with both numbers', (method) => {
    const { block, at } = unitOf(64, 56);
    expect(() => planBlock(block, at, { ...asked, method }, 8 * gigabytes)).toThrow(
      /takes about \d+.* GB of memory for unit \(200704 x 200704\), 8.00 GB are free; expected lanczos or auto/,
    );
  });

  it('refuses more leading values than memory has room for', () => {
    const { block, at } = unitOf(64, 56);
    const request = { ...asked, top: 1000, method: 'auto' } as const;
    expect(() => planBlock(block, at, request, 2 * gigabytes)).toThrow(/1000 leading values of unit take/);
  });
});
