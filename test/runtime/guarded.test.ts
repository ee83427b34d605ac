import { describe, expect, it } from 'vitest';
import { GraphBuilder, type TensorData, tensorOf, toNumbers, type Value } from '../../src/onnx/index.ts';
import { guardedGraph } from '../../src/runtime/guarded.ts';
import { compile } from '../../src/runtime/program.ts';

async function outputs(build: (b: GraphBuilder) => void, feeds: Readonly<Record<string, TensorData>>) {
  const b = new GraphBuilder('g');
  build(b);
  const program = await compile(b.build(), { emission: 'plain' });
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, toNumbers(t)]));
}

const smallest = { int32: -(2 ** 31), int16: -(2 ** 15), int8: -128 } as const;

describe('what ONNX Runtime would end the process at, or get wrong', () => {
  it.each(['int32', 'int16', 'int8'] as const)('%s divided by 0 is 0, the smallest one by -1 wraps', async (dtype) => {
    const least = smallest[dtype];
    const x = tensorOf(dtype, [5], [7, -7, least, 9, 5]);
    const w = tensorOf(dtype, [5], [0, 2, -1, -1, 3]);
    const run = (op: string, known: boolean) =>
      outputs(
        (b) => {
          const v = b.input('x', dtype, [5]);
          const divisor: Value = known ? b.constant(w) : b.input('w', dtype, [5]);
          b.output('y', b.op(op, [v, divisor]));
        },
        known ? { x } : { x, w },
      );
    for (const known of [true, false]) {
      expect((await run('Div', known)).y).toEqual([0, -3, least, -9, 1]);
      expect((await run('Mod', known)).y).toEqual([0, 1, 0, 0, 2]);
    }
  });

  it('int64 likewise', async () => {
    const feeds = {
      x: { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 5n) } as const,
      w: { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 0n) } as const,
    };
    const built = (b: GraphBuilder) => b.output('y', b.div(b.input('x', 'int64', [2]), b.input('w', 'int64', [2])));
    expect((await outputs(built, feeds)).y).toEqual([-(2 ** 63), 0]);
  });

  it('a division by known numbers stays as it is', () => {
    const b = new GraphBuilder('g');
    b.output('y', b.div(b.input('x', 'int32', [2]), b.constant(tensorOf('int32', [], [3]))));
    const graph = b.build();
    expect(guardedGraph(graph)).toBe(graph);
  });

  it('running statistics that are read elsewhere are not overwritten', async () => {
    const image = tensorOf('float32', [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const { y } = await outputs(
      (b) => {
        const x = b.input('x', 'float32', [1, 2, 2, 2]);
        const ones = b.constant(tensorOf('float32', [2], [1, 1]));
        const mean = b.reduceSum(b.input('m', 'float32', [2, 2]), [0], false);
        const attributes = { training_mode: 1, momentum: 0 };
        const [normal, , variance] = b.ops('BatchNormalization', [x, ones, ones, mean, ones], attributes, {
          outputs: 3,
        });
        // Read after the normalization has been computed.
        const late = b.add(b.reduceSum(normal!, [0, 2, 3], false), variance!);
        b.output('y', b.add(mean, b.scale(late, 0)));
      },
      { x: image, m: tensorOf('float32', [2, 2], [10, 20, 1, 2]) },
    );
    expect(y).toEqual([11, 22]);
  });

  it('one value as running mean and as running variance of several normalizations is each time the old one', async () => {
    const image = tensorOf('float32', [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const statistics = await outputs(
      (b) => {
        const x = b.input('x', 'float32', [1, 2, 2, 2]);
        const ones = b.constant(tensorOf('float32', [2], [1, 1]));
        const old = b.reduceSum(b.input('m', 'float32', [2, 2]), [0], false);
        for (const i of [0, 1]) {
          const attributes = { training_mode: 1, momentum: 0.5 };
          const [, mean, variance] = b.ops('BatchNormalization', [x, ones, ones, old, old], attributes, { outputs: 3 });
          b.output(`mean${i}`, mean!);
          b.output(`variance${i}`, variance!);
        }
      },
      { x: image, m: tensorOf('float32', [2, 2], [10, 20, 1, 2]) },
    );
    // Means 2.5 and 6.5, variances 1.25: half of each, and half of 11 and 22.
    for (const i of [0, 1]) {
      expect(statistics[`mean${i}`]).toEqual([6.75, 14.25]);
      expect(statistics[`variance${i}`]).toEqual([6.125, 11.625]);
    }
  });

  it('running statistics that are constants are the same in every run', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float32', [1, 2, 2, 2]);
    const [ones, old] = [
      [1, 1],
      [1, -1],
    ].map((v) => b.constant(tensorOf('float32', [2], v))) as [Value, Value];
    // ONNX Runtime keeps equal constants once: the offset is lost with the statistics.
    const attributes = { training_mode: 1, momentum: 0.5, epsilon: 0.25 };
    const [y, mean, variance] = b.ops('BatchNormalization', [x, ones, old, old, old], attributes, { outputs: 3 });
    b.output('y', b.reduceSum(y!, [0, 2, 3], false));
    b.output('mean', b.neg(mean!));
    b.output('variance', b.neg(variance!));
    const program = await compile(b.build(), { emission: 'plain' });
    try {
      for (let run = 0; run < 3; run++) {
        const out = await program.run({ x: tensorOf('float32', [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]) });
        expect(toNumbers(out.y!).map(Math.round)).toEqual([4, -4]);
        expect(toNumbers(out.mean!)).toEqual([-1.75, -2.75]);
        expect(toNumbers(out.variance!)).toEqual([-1.125, -0.125]);
      }
    } finally {
      await program.dispose();
    }
  });

  it('a window that would start in the padding is not counted, nor by the nodes that follow', async () => {
    const { y } = await outputs(
      (b) => {
        const x = b.input('x', 'float32', [1, 1, 5, 4]);
        const attributes = { kernel_shape: [2, 1], strides: [2, 2], ceil_mode: 1 };
        b.output(
          'y',
          b.mul(b.op('MaxPool', [x], attributes), b.constant(tensorOf('float32', [3, 2], [1, 1, 1, 1, 1, 1]))),
        );
      },
      {
        x: tensorOf(
          'float32',
          [1, 1, 5, 4],
          Array.from({ length: 20 }, (_, i) => i),
        ),
      },
    );
    expect(y).toEqual([4, 6, 12, 14, 16, 18]);
  });

  it('an error inside a run is one line that names the node', async () => {
    const indices = tensorOf('int64', [1], [7]);
    const failing = outputs(
      (b) =>
        b.output('y', b.op('Gather', [b.input('x', 'float32', [3]), b.input('i', 'int64', [1])], {}, { name: 'pick' })),
      { x: tensorOf('float32', [3], [1, 2, 3]), i: indices },
    );
    await expect(failing).rejects.toThrow(/^g: ONNX Runtime cannot run Gather "pick": an index is out of range$/);
  });
});
