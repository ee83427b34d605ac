import { describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/index.ts';
import { allCases } from './cases/index.ts';

/** What the product promises to differentiate. */
const promised = (
  'Conv ConvTranspose MatMul Gemm Add Sub Mul Div Relu LeakyRelu Clip Sigmoid Tanh Gelu Erf Exp Log Sqrt Pow Softmax LogSoftmax ' +
  'BatchNormalization LayerNormalization MaxPool AveragePool GlobalAveragePool ReduceSum ReduceMean ReduceMax Reshape Flatten ' +
  'Transpose Slice Concat Split Pad Gather Expand Where Cast Identity Dropout Resize'
).split(' ');

describe('the table of derivatives', () => {
  it('has every promised operator', () => {
    expect(promised.filter((op) => !rules[op])).toEqual([]);
  });
  it('has a test case for every operator in it', () => {
    const tested = new Set(allCases.map((c) => c.op));
    expect(Object.keys(rules).filter((op) => !tested.has(op))).toEqual([]);
  });
});
