import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/onnx/builder.ts';
import { decodeFloat16, encodeFloat16 } from '../../src/onnx/float16.ts';
import { fold } from '../../src/onnx/passes/fold.ts';
import { tensorOf, toNumbers } from '../../src/onnx/tensor.ts';
import { writeModel } from '../../src/onnx/write.ts';

/** The bits of a float16 result. */
const bitsOf = (t: Tensor | undefined) => [...new Uint16Array((t!.data as Uint16Array).slice().buffer)];

const bits = Array.from({ length: 2 ** 16 }, (_, i) => i);

async function runHalf(build: (b: GraphBuilder) => void, feeds: Readonly<Record<string, Tensor>> = {}) {
  const b = new GraphBuilder('half');
  build(b);
  const session = await InferenceSession.create(writeModel(b.build()), { logSeverityLevel: 4 });
  return session.run(feeds);
}

describe('float16', () => {
  it('comes back from its number, every one of the 65,536', () => {
    const wrong = bits.filter((v) => {
      const back = encodeFloat16(decodeFloat16(v));
      return Number.isNaN(decodeFloat16(v)) ? !Number.isNaN(decodeFloat16(back)) : back !== v;
    });
    expect(wrong).toEqual([]);
  });

  it('is the nearest one, the even one of two', () => {
    const finite = bits.slice(0, 0x7bff);
    const wrong = finite.filter((v) => {
      const [low, high] = [decodeFloat16(v), decodeFloat16(v + 1)];
      const middle = (low + high) / 2;
      const even = v % 2 === 0 ? v : v + 1;
      const near = (high - low) / 1000;
      return (
        encodeFloat16(middle) !== even || encodeFloat16(middle - near) !== v || encodeFloat16(middle + near) !== v + 1
      );
    });
    expect(wrong).toEqual([]);
    expect([65519.99, 65520, -70000].map((v) => decodeFloat16(encodeFloat16(v)))).toEqual([65504, Infinity, -Infinity]);
  });

  it('is what ONNX Runtime makes of the same float32 numbers', async () => {
    const numbers = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 10 ** ((i % 13) - 8));
    const out = await runHalf((b) => b.output('y', b.op('Cast', [b.input('x', 'float32', [5000])], { to: 10 })), {
      x: new Tensor('float32', numbers, [5000]),
    });
    expect([...tensorOf('float16', [5000], [...numbers]).data]).toEqual(bitsOf(out.y));
  });

  it('constants that rules and upgrades make are numbers, not bits', async () => {
    const given = tensorOf('float16', [4], [-3, 0.5, 2, 11]);
    const out = await runHalf(
      (b) => {
        const x = b.input('x', 'float16', [4]);
        b.output('y', b.op('Clip', [b.scale(x, 2), b.scalar(-1.5, 'float16'), b.scalar(10, 'float16')]));
      },
      { x: new Tensor('float16', given.data as Uint16Array, [4]) },
    );
    expect(bitsOf(out.y).map(decodeFloat16)).toEqual([-1.5, 1, 4, 10]);
  });

  it('is folded as the nearest number', () => {
    const b = new GraphBuilder('folded');
    const half = (v: number) => b.constant(tensorOf('float16', [1], [v]));
    b.output('y', b.add(half(2048), half(1)));
    const graph = fold(b.build());
    expect(graph.nodes).toEqual([]);
    expect([...graph.constants.values()].flatMap(toNumbers)).toEqual([2048]);
  });
});

it('constants of 0 and -0 are two', () => {
  const b = new GraphBuilder('zeros');
  const [zero, negative] = [b.scalar(0), b.scalar(-0)];
  expect(zero).not.toBe(negative);
  expect(b.scalar(-0)).toBe(negative);
  expect(b.scalar(0)).toBe(zero);
});
