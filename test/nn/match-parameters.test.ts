import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchParameters, ParameterError } from '../../src/nn/match-parameters.ts';
import type { ParameterSpec } from '../../src/nn/parameters.ts';
import type { TensorData } from '../../src/onnx/index.ts';

const spec = (name: string, shape: readonly number[]): ParameterSpec => ({
  name,
  shape,
  init: 'zeros',
  trainable: true,
});
const floats = (...values: number[]): TensorData => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const specs = [spec('fc.weight', [2]), spec('fc.bias', [1])];
const given = (prefix = '') =>
  new Map([
    [`${prefix}fc.weight`, floats(1, 2)],
    [`${prefix}fc.bias`, floats(3)],
  ]);
const refusal = (tensors: ReadonlyMap<string, TensorData>, wanted = specs): string => {
  try {
    matchParameters(wanted, tensors, 'w.pt');
  } catch (error) {
    expect(error).toBeInstanceOf(ParameterError);
    return (error as Error).message;
  }
  return 'fits';
};

describe('the tensors of a checkpoint', () => {
  it('are found under whatever prefixes wrap the network, in any order and number', () => {
    const part = fc.constantFrom('module', '_orig_mod', 'model', 'net', 'backbone', 'network', '_fsdp_wrapped_module');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const prefix = parts.map((p) => `${p}.`).join('');
        expect([...matchParameters(specs, given(prefix), 'w.pt').values()]).toEqual([...given().values()]);
      }),
      { numRuns: 200 },
    );
  });

  it('are found where a part of the network was compiled', () => {
    const tensors = new Map([
      ['fc._orig_mod.weight', floats(1, 2)],
      ['model.fc._orig_mod.bias', floats(3)],
    ]);
    expect(refusal(tensors)).toBe('fits');
  });

  it('keep a prefix that is the name in the model', () => {
    const own = [spec('model.w', [1]), spec('w', [2])];
    const matched = matchParameters(
      own,
      new Map([
        ['model.w', floats(1)],
        ['w', floats(2, 3)],
      ]),
      'w.pt',
    );
    expect([...matched.keys()]).toEqual(['model.w', 'w']);
    expect(matched.get('model.w')?.data).toEqual(Float32Array.of(1));
  });

  it('that are there twice under different prefixes are refused', () => {
    expect(refusal(new Map([...given('model.'), ...given('net.')]))).toBe(
      'w.pt: holds fc.weight twice, as "model.fc.weight" and "net.fc.weight"; choose one of them by its key (weightsKey)',
    );
  });

  it('of float64 are rounded to float32', () => {
    const tensors = new Map<string, TensorData>([
      ['fc.weight', { dtype: 'float64', shape: [2], data: Float64Array.of(0.1, -1e-50) }],
      ['fc.bias', floats(3)],
    ]);
    const weight = matchParameters(specs, tensors, 'w.pt').get('fc.weight')!;
    expect(weight).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(Math.fround(0.1), -0) });
    tensors.set('fc.weight', { dtype: 'int64', shape: [2], data: new BigInt64Array(2) });
    expect(refusal(tensors)).toContain('fc.weight is int64, expected float32');
  });

  it.each([
    ['NaN', floats(1, Number.NaN), '1 of 2 values is not finite, the first NaN at [1]'],
    [
      'infinity',
      floats(Number.NEGATIVE_INFINITY, Number.NaN),
      '2 of 2 values are not finite, the first -Infinity at [0]',
    ],
    [
      'beyond float32',
      { dtype: 'float64' as const, shape: [2], data: Float64Array.of(0, 1e39) },
      '1 of 2 values is not finite, the first Infinity at [1]',
    ],
  ])('that are not finite are refused, saying which, how many and where: %s', (_, weight, problem) => {
    const tensors = new Map([...given(), ['fc.weight', weight]]);
    expect(refusal(tensors)).toBe(`w.pt: weights must be finite float32 numbers; in fc.weight: ${problem}`);
    tensors.set('fc.bias', floats(Number.NaN));
    expect(refusal(tensors)).toContain('(and 1 more tensors hold such values)');
  });

  it('name the place of the first in every dimension', () => {
    const data = new Float32Array(24);
    data[17] = Number.NaN;
    const wanted = [spec('w', [2, 3, 4])];
    expect(refusal(new Map([['w', { dtype: 'float32', shape: [2, 3, 4], data }]]), wanted)).toContain('at [1, 1, 1]');
  });

  it('of another network give a short message: how many, and the first few', () => {
    const deep = Array.from({ length: 400 }, (_, i) => spec(`layer${i}.${'x'.repeat(40)}.weight`, [1]));
    const others = new Map(Array.from({ length: 300 }, (_, i) => [`other.${i}.${'y'.repeat(200)}`, floats(1)]));
    const message = refusal(others, deep);
    expect(message.length).toBeLessThan(800);
    expect(message).toMatch(/missing 400: layer0\..* and 395 more; unexpected 300: other\.0\..* and 295 more$/);
  });
});
