import { describe, expect, it } from 'vitest';
import {
  GraphBuilder,
  type PlainAttributes,
  sizeOf,
  type TensorData,
  tensor,
  type Value,
} from '../../../src/onnx/index.ts';
import { compile } from '../../../src/runtime/program.ts';

function numbers(shape: readonly number[], seed: number): TensorData {
  return tensor(
    'float64',
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed + 1.7 * i)),
  );
}

const toFloat32 = (t: TensorData) => tensor('float32', t.shape, Float32Array.from(t.data as Float64Array));

/** Runs one operator in float64 (lowered) and in float32 (ONNX Runtime's own kernel) and returns both. */
async function both(
  op: string,
  operands: readonly TensorData[],
  attributes: PlainAttributes = {},
  rest: TensorData[] = [],
) {
  const results: Float64Array[] = [];
  for (const convert of [(t: TensorData) => t, toFloat32]) {
    const given = operands.map(convert);
    const b = new GraphBuilder(op);
    const inputs: (Value | null)[] = given.map((t, i) => b.input(`i${i}`, t.dtype, t.shape));
    for (const t of rest) inputs.push(t.shape.length === 1 && t.shape[0] === 0 ? null : b.constant(t));
    b.output('y', b.op(op, inputs, attributes));
    const program = await compile(b.build(), { emission: 'plain' });
    const { y } = await program.run(Object.fromEntries(given.map((t, i) => [`i${i}`, t])));
    await program.dispose();
    expect(y!.dtype).toBe(given[0]!.dtype);
    results.push(Float64Array.from(y!.data as Float64Array));
  }
  return { actual: results[0]!, expected: results[1]! };
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((m, v, i) => Math.max(m, Math.abs(v - expected[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
}

describe('float64 on the CPU', () => {
  it.each([
    ['both bounds', 0.25, 0.75, [0, 0.5, 2], [0.25, 0.5, 0.75]],
    ['the least alone', 0.25, undefined, [-1, 0.5, 2], [0.25, 0.5, 2]],
    ['the most alone', undefined, 0.75, [-1, 0.5, 2], [0, 0.5, 0.75]],
    ['the most where they cross', 0.75, 0.25, [0, 0.5, 2], [0.25, 0.25, 0.25]],
  ])('clips behind a Relu, which ONNX Runtime cannot make one with: %s', async (_, least, most, given, expected) => {
    const b = new GraphBuilder('clip');
    const bound = (v: number | undefined) => (v === undefined ? null : b.scalar(v, 'float64'));
    b.output('y', b.op('Clip', [b.relu(b.input('x', 'float64', [3])), bound(least), bound(most)]));
    const program = await compile(b.build(), { emission: 'plain' });
    const { y } = await program.run({ x: tensor('float64', [3], Float64Array.from(given)) });
    await program.dispose();
    expect([...(y!.data as Float64Array)]).toEqual(expected);
  });

  it.each([
    [
      'padding, stride and dilation',
      [2, 4, 9, 8],
      [6, 4, 3, 3],
      { pads: [1, 2, 0, 1], strides: [2, 1], dilations: [1, 2] },
    ],
    ['groups', [1, 4, 6, 6], [6, 2, 3, 3], { group: 2 }],
    ['depthwise', [2, 4, 5, 5], [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] }],
    ['one spatial dimension', [2, 3, 10], [4, 3, 3], { pads: [1, 1] }],
  ] as const)('convolution with %s agrees with the float32 kernel', async (_, x, w, attributes) => {
    const { actual, expected } = await both('Conv', [numbers(x, 1), numbers(w, 2), numbers([w[0]], 3)], attributes);
    expectClose(actual, expected, 2e-5);
  });

  it.each([
    ['stride 2', [1, 4, 5, 6], [4, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }],
    ['stride 3 and dilation', [2, 4, 4, 3], [4, 2, 3, 2], { strides: [3, 1], dilations: [1, 2], pads: [0, 1, 1, 0] }],
    ['groups', [1, 4, 5, 5], [4, 2, 2, 2], { group: 2, strides: [2, 2] }],
  ] as const)('transposed convolution with %s agrees with the float32 kernel', async (_, x, w, attributes) => {
    const { actual, expected } = await both('ConvTranspose', [numbers(x, 1), numbers(w, 2)], attributes);
    expectClose(actual, expected, 2e-5);
  });

  it.each([
    [{ kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] }],
    [{ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }],
    [{ kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
  ])('average pooling %j agrees with the float32 kernel', async (attributes) => {
    const { actual, expected } = await both('AveragePool', [numbers([2, 3, 7, 5], 1)], attributes);
    expectClose(actual, expected, 1e-6);
  });

  it.each([
    'GlobalAveragePool',
    'LeakyRelu',
    'HardSigmoid',
    'Elu',
    'Selu',
    'Softplus',
    'Softsign',
    'Mish',
    'HardSwish',
    'Erf',
    'Gelu',
    'GlobalMaxPool',
    'Mean',
  ])('%s agrees with the float32 kernel', async (op) => {
    const { actual, expected } = await both(op, [numbers([2, 3, 4, 4], 1)]);
    expectClose(actual, expected, 1e-6);
  });

  it.each([
    ['nearest', 'asymmetric', 'floor'],
    ['nearest', 'half_pixel', 'round_prefer_floor'],
    ['linear', 'half_pixel', 'round_prefer_floor'],
    ['linear', 'align_corners', 'round_prefer_floor'],
  ])('resizing (%s, %s) agrees with the float32 kernel', async (mode, coordinates, nearest) => {
    const none = tensor('float32', [0], new Float32Array(0));
    const scales = tensor('float32', [4], Float32Array.of(1, 1, 2, 3));
    const { actual, expected } = await both(
      'Resize',
      [numbers([1, 2, 4, 5], 1)],
      { mode, coordinate_transformation_mode: coordinates, nearest_mode: nearest },
      [none, scales],
    );
    expectClose(actual, expected, 1e-6);
  });

  it('erf is exact to 1e-14 over its whole range', async () => {
    // Values of erf from Abramowitz & Stegun, table 7.1, and its symmetry.
    const known = [
      [0, 0],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [-1, -0.8427007929497149],
      [40, 1],
    ] as const;
    const { actual } = await both('Erf', [
      tensor(
        'float64',
        [known.length],
        Float64Array.from(known, ([x]) => x),
      ),
    ]);
    known.forEach(([, y], i) => {
      expect(Math.abs(actual[i]! - y)).toBeLessThan(1e-14);
    });
  });

  it('convolution is linear in its input to 1e-14, which float32 is not', async () => {
    const [x, w] = [numbers([1, 3, 6, 6], 1), numbers([4, 3, 3, 3], 2)];
    const third = tensor(
      'float64',
      x.shape,
      (x.data as Float64Array).map((v) => v / 3),
    );
    const whole = await both('Conv', [x, w]);
    const part = await both('Conv', [third, w]);
    expectClose(
      part.actual.map((v) => v * 3),
      whole.actual,
      1e-14 * 30,
    );
  });

  it('an operator without float64 kernel or lowering is a clear error', async () => {
    const b = new GraphBuilder('g');
    const x = b.input('x', 'float64', [1, 2, 4, 4]);
    b.output('y', b.op('Det', [x]));
    await expect(compile(b.build())).rejects.toThrow(/Det.*float64/);
  });
});
