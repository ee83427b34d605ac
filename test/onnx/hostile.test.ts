import { describe, expect, it } from 'vitest';
import { BallastError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import { readModel } from '../../src/onnx/read.ts';
import { tensorOf } from '../../src/onnx/tensor.ts';
import { encode, int, modelBytes, modelMessage, text } from '../support/onnx-files.ts';
import { mutated, wholeModels } from '../support/onnx-mutations.ts';

const oneLine = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,900}$/u;

/** What reading says; the graph is thrown away. */
function refusal(bytes: Uint8Array, bind: Record<string, number> = {}): string | undefined {
  try {
    readModel(bytes, { path: 'x.onnx', ...(Object.keys(bind).length ? { bind } : {}) });
    return undefined;
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    expect(error.message).toMatch(oneLine);
    expect(error.message).toMatch(/^x\.onnx: /);
    return error.message;
  }
}

describe('a file that was tampered with', () => {
  it('starts as one that is read', () => {
    const [first, second, , fourth] = wholeModels;
    for (const whole of [first!, second!, fourth!]) expect(refusal(modelBytes(whole))).toBeUndefined();
  });

  it('is read, or refused in one line of printable text: 1500 of them', () => {
    const stream = new RandomStream({ seed: 22, purpose: 'fuzz' });
    let refused = 0;
    for (let i = 0; i < 1500; i++) if (refusal(mutated(stream)) !== undefined) refused++;
    // Most changes are harmful, some are not: neither the reader nor the mutator is asleep.
    expect(refused).toBeGreaterThan(600);
    expect(refused).toBeLessThan(1450);
  });
});

describe('what is in great numbers', () => {
  const model = (op: string, inputs: number, attributes = {}) =>
    modelBytes({
      opset: 21,
      inputs: { x: [2, 2] },
      outputs: ['y'],
      tensors: { c: tensorOf('float32', [2, 2], [1, 2, 3, 4]) },
      nodes: [
        { op, in: Array(inputs).fill(op === 'Min' ? 'c' : 'x'), out: ['z'], attributes },
        { op: 'Add', in: ['x', 'z'], out: ['y'] },
      ],
    });

  it('is read: a node of constants with more inputs than a call may have arguments', () => {
    expect(refusal(model('Min', 150_000))).toBeUndefined();
  });

  it.each([
    ['terms', `${'a,'.repeat(60)}!`],
    ['letters', `${'a'.repeat(100_000)}!`],
  ])('is refused at once: an equation of many %s whose end does not fit', (_, equation) => {
    expect(refusal(model('Einsum', 60, { equation: text(equation) }))).toMatch(/Einsum/);
  });
});

describe('what a kernel could not bear is refused by the name of its node', () => {
  const model = (op: string, attributes: Record<string, number>, shape = [1, 3, 8, 8], opset = 21) => ({
    opset,
    inputs: { x: shape },
    outputs: ['y'],
    tensors: { s: tensorOf('float32', [3], [1, 1, 1]) },
    nodes: [
      {
        op,
        name: 'node',
        in: op === 'GroupNormalization' ? ['x', 's', 's'] : ['x'],
        out: ['y'],
        attributes: Object.fromEntries(Object.entries(attributes).map(([k, v]) => [k, int(v)])),
      },
    ],
  });

  it.each([5e8, -1, 0, 2 ** 32])('num_groups of %d', (groups) => {
    expect(refusal(modelBytes(model('GroupNormalization', { num_groups: groups })))).toMatch(
      `GroupNormalization "node": num_groups is ${groups}, which does not divide 3 channels`,
    );
  });

  it.each(['Clip', 'Pad', 'Softmax', 'Relu', 'Dropout', 'Reshape', 'Conv', 'Sum'])('%s without inputs', (op) => {
    const message = modelMessage(model(op, {}));
    message.graph!.node![0]!.input = [];
    expect(refusal(encode(message))).toMatch(new RegExp(`${op} "node": has 0 inputs`));
  });

  it.each([
    ['by zero', [0], /divides integers by zero/],
    ['by -1', [-1], /divides integers by -1/],
  ])('integers divided %s', (_, by, problem) => {
    const message = modelMessage({
      opset: 17,
      inputs: { x: [1] },
      outputs: ['y'],
      tensors: { by: tensorOf('int64', [1], by) },
      nodes: [{ op: 'Div', name: 'node', in: ['x', 'by'], out: ['y'] }],
    });
    message.graph!.input![0]!.type!.tensorType!.elemType = 7;
    expect(refusal(encode(message))).toMatch(problem);
  });

  it('a result of a hundred thousand dimensions, and one of 2^40 numbers', () => {
    const shaped = (sizes: number[]) =>
      modelBytes({
        opset: 17,
        inputs: { x: [1] },
        outputs: ['z'],
        tensors: { sizes: tensorOf('int64', [sizes.length], sizes) },
        nodes: [
          { op: 'ConstantOfShape', name: 'node', in: ['sizes'], out: ['y'] },
          { op: 'Add', in: ['x', 'y'], out: ['z'] },
        ],
      });
    expect(refusal(shaped(Array(100_000).fill(1)))).toMatch(/ConstantOfShape "node": .* \(100000 dimensions\)/);
    expect(refusal(shaped([2 ** 20, 2 ** 20]))).toMatch(/would have the shape \[1048576, 1048576\]/);
  });

  it('a name that is given twice, and a circle', () => {
    const relu = (from: string, to: string) => ({ op: 'Relu', name: to, in: [from], out: [to] });
    const file = { opset: 17, inputs: { x: [1] }, outputs: ['y'] };
    expect(refusal(modelBytes({ ...file, nodes: [relu('x', 'y'), relu('x', 'y')] }))).toMatch(
      /"y" has a name that is taken/,
    );
    expect(refusal(modelBytes({ ...file, nodes: [relu('z', 'y'), relu('y', 'z')] }))).toMatch(
      /"z" is not computed before/,
    );
  });

  it('an infinite weight, but not a mask of infinities that is added', () => {
    const with_ = (op: string) =>
      refusal(
        modelBytes({
          opset: 17,
          inputs: { x: [1, 2] },
          outputs: ['y'],
          tensors: { w: tensorOf('float32', [2, 2], [0, Number.NEGATIVE_INFINITY, 0, 0]) },
          nodes: [{ op, name: 'node', in: ['x', 'w'], out: ['y'] }],
        }),
      );
    expect(with_('MatMul')).toMatch(/MatMul "node": its parameter "w" holds an infinite number/);
    expect(with_('Add')).toBeUndefined();
  });
});
